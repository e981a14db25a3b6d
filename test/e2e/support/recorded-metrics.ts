import { readFileSync } from 'node:fs'

/** `/metrics/cadvisor` of a real kubelet in incident 000, with its timestamps moved by as much as makes the newest one now. */
export function recordedMetrics(): string {
  const text = readFileSync(new URL('../../fixtures/kubelet/incident-metrics-cadvisor.txt', import.meta.url), 'utf8')
  const stamps = [...text.matchAll(/ (\d{13})$/gm)].map(([, stamp]) => Number(stamp))
  const shift = Date.now() - Math.max(...stamps)
  return text.replace(/ (\d{13})$/gm, (_match, stamp) => ` ${Number(stamp) + shift}`)
}
