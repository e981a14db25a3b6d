import type { HeadroomStatus } from '../../src/server/metrics/headroom-metrics.ts'
import { buildMetrics } from '../../src/server/metrics/metrics.ts'
import { fakeClock } from './fakes.ts'

export interface ReplicaKnows extends Partial<HeadroomStatus['census']> {
  readonly readings?: readonly (readonly [result: string, count: number])[]
  readonly trouble?: HeadroomStatus['trouble']
  /** Of the cache of pods; that of nodes is well. */
  readonly synced?: boolean
  /** Milliseconds since the API server was heard. */
  readonly silence?: number
}

/** What a replica really shows at /metrics that knows this much; undefined: one that reads nothing of the cluster. */
export async function metricsOf(knows: ReplicaKnows | undefined): Promise<string> {
  const clock = fakeClock()
  clock.advance(1_000_000)
  const metrics = buildMetrics({
    clock,
    policy: () => ({ generation: 1, loadedAt: 0, isLatest: true }),
    certificate: () => undefined,
    headroom: () => (knows === undefined ? undefined : statusOf(knows, clock.monotonic()))
  })
  return (await metrics.render()).text
}

function statusOf(
  { readings = [], trouble = {}, synced = true, silence = 0, ...census }: ReplicaKnows,
  now: number
): HeadroomStatus {
  const state = { synced: true, contactAt: now - silence, lists: 1, failures: 0 }
  return {
    source: 'kubelet',
    caches: [
      { resource: 'nodes', cache: { size: 3, state } },
      { resource: 'pods', cache: { size: 9, state: { ...state, synced } } }
    ],
    readings: new Map(readings),
    trouble,
    census: {
      nodes: { fresh: 3, partial: 0, stale: 0, unread: 0 },
      belowFloor: 0,
      oldestReading: 14_000,
      tightest: [],
      ages: [],
      ...census
    },
    nearLimits: { calico: 0, pod: 0, unit: 0, unknownNodes: 0 },
    reservations: { admitted: 0, bindings: 0 },
    waiting: { pods: 0, pids: 0 }
  }
}
