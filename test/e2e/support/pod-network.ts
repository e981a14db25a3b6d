import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Of all runs; each takes a part of it that no route leads to. */
const ranges = '10.89'

/**
 * Settings of the CNI plugins for the pods of one node: a pod has an address that this machine reaches, and reaches
 * every address of this machine. A run that was killed leaves its routes, so its addresses would be led astray.
 */
export function podNetwork(folder: string): object {
  const ipam = {
    type: 'host-local',
    subnet: `${ranges}.${freeRange()}.0/24`,
    routes: [{ dst: '0.0.0.0/0' }],
    dataDir: join(folder, 'ipam')
  }
  return { cniVersion: '0.3.1', name: 'pods', plugins: [{ type: 'ptp', ipMasq: false, ipam }] }
}

/** The third byte of the addresses. */
function freeRange(): number {
  const routes = execFileSync('ip', ['-4', 'route'], { encoding: 'utf8' })
  const taken = new Set(
    [...routes.matchAll(/^(\d+\.\d+)\.(\d+)\./gm)].flatMap(([, start, byte]) =>
      start === ranges ? [Number(byte)] : []
    )
  )
  const candidates = Array.from({ length: 256 }, (_, index) => (process.pid + index) % 256)
  const free = candidates.find((candidate) => !taken.has(candidate))
  if (free === undefined) throw new Error(`every range of ${ranges} has a route: ip -4 route`)
  return free
}
