import { buildControllerMetrics } from '../../src/server/metrics/controller-metrics.ts'
import { buildMetrics } from '../../src/server/metrics/metrics.ts'
import { fakeClock } from './fakes.ts'

/** What a scrape of both processes declares, one after the other: a metric of both is there twice. */
export async function exportedMetrics(): Promise<string> {
  const sources = {
    clock: fakeClock(),
    policy: () => ({ generation: 1, loadedAt: 0, isLatest: true }),
    certificate: () => undefined,
    headroom: () => undefined
  }
  const leading = {
    taints: () => undefined,
    capacity: () => undefined,
    nearFloor: () => undefined,
    calico: () => undefined,
    audits: () => undefined
  }
  const both = [buildMetrics(sources), buildControllerMetrics({ ...sources, ...leading })]
  return (await Promise.all(both.map((each) => each.render()))).map(({ text }) => text).join('\n')
}
