import type { Ceiling } from '../model/node-reading.ts'

/**
 * The host ceiling, with the use raised to that of kubepods where it is lower. Kubelets before v1.24 count in 16 bits where
 * they have no other source (kubernetes issue 107107), so that 68,500 tasks are shown as 2,964.
 */
export function withKubepods(host: Ceiling, kubepods: Ceiling): Ceiling {
  if (host.inUse === undefined || kubepods.inUse === undefined || host.inUse >= kubepods.inUse) return host
  return { ...host, inUse: kubepods.inUse }
}
