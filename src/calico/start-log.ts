import { type Backend, backendOf } from '../kubernetes/calico/felix.ts'

/** Felix writes it at each start, several times in the life of a container (calico felix/daemon/daemon.go). */
const starting = 'Felix starting up'

/**
 * The backend that Felix looks up its `iptables-restore` for, which it does at each start and writes at level info (calico
 * felix/environment/feature_detect_linux.go, FindBestBinary; v3.17 to v3.32). Detection itself looks up `save` alone.
 */
const lookUp = /Looked up iptables command\b.*\bbackendMode="(\w+)".*\bsaveOrRestore="restore"/g

/**
 * What Felix was seen to use, in the log of its container from the last start that is in it. undefined: the log does not have
 * it, as where it was rotated or its level is higher, or both backends were looked up, as releases do that clean up the other.
 */
export function backendOfLog(log: string): Backend | undefined {
  const since = log.slice(Math.max(0, log.lastIndexOf(starting)))
  const modes = new Set(Array.from(since.matchAll(lookUp), ([, mode = '']) => mode.toLowerCase()))
  const [mode, ...others] = modes
  return mode === undefined || others.length > 0 ? undefined : backendOf(mode)
}
