import type { Registry } from 'prom-client'
import { type Census, knownStates } from '../../headroom/assess/fleet-census.ts'
import type { NearLimitCounts } from '../../headroom/assess/near-limit-counts.ts'
import type { CeilingAccount } from '../../headroom/ceiling-account.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { Cache } from '../../ports/cluster-cache.ts'
import type { Clock } from '../../ports/runtime.ts'
import { addCounter, addGauge, type Sample, type ScrapedMetric } from './scraped.ts'

/** Where node readings come from. A closed set, fit for labels. */
export const readingSources = ['kubelet', 'prometheus', 'snapshot'] as const
export type ReadingSource = (typeof readingSources)[number]

/** The facts of this process in figures, as of now. */
export interface HeadroomStatus {
  readonly source: ReadingSource
  readonly caches: readonly { readonly resource: string; readonly cache: Pick<Cache<unknown>, 'size' | 'state'> }[]
  /** Tries to read a node since the start, by how they ended. */
  readonly readings: ReadonlyMap<string, number>
  /** Nodes that were not read at the last try, or not in full, by reason. */
  readonly trouble: Readonly<Record<string, number>>
  readonly census: Census
  readonly nearLimits: NearLimitCounts
  /** Pods that count here although the API server has not shown it. */
  readonly reservations: { readonly admitted: number; readonly bindings: number }
  /** Pods that are admitted and on no node yet, and what they are counted with. */
  readonly waiting: { readonly pods: number; readonly pids: Pids }
}

/** Metrics of what `serve` knows of the cluster, read when Prometheus asks. Without a cluster they have no samples. */
export function addHeadroomMetrics(registry: Registry, clock: Clock, status: () => HeadroomStatus | undefined): void {
  /** All gauges of one scrape see one status: a census goes over the whole fleet. */
  let held: { readonly at: Millis; readonly status: HeadroomStatus | undefined } | undefined
  const current = (): HeadroomStatus | undefined => {
    const now = clock.monotonic()
    if (held === undefined || now - held.at > oneScrape) held = { at: now, status: status() }
    return held.status
  }
  type Samples = (status: HeadroomStatus) => Iterable<Sample>
  const scraped = (name: string, help: string, labelNames: string[], samples: Samples): ScrapedMetric => ({
    name,
    help,
    labelNames,
    samples() {
      const found = current()
      return found === undefined ? undefined : samples(found)
    }
  })
  const gauge = (...metric: Parameters<typeof scraped>): void => addGauge(registry, scraped(...metric))
  const counter = (...metric: Parameters<typeof scraped>): void => addCounter(registry, scraped(...metric))
  const byCache =
    (value: (cache: HeadroomStatus['caches'][number]['cache']) => number | undefined) =>
    (found: HeadroomStatus): Sample[] =>
      found.caches.map(({ resource, cache }) => [{ resource }, value(cache)])
  const byCeiling =
    (value: (account: CeilingAccount) => Pids) =>
    ({ census }: HeadroomStatus): Sample[] =>
      census.tightest.flatMap(({ node, ceilings }) =>
        ceilings.map((account): Sample => [{ node, ceiling: account.ceiling }, value(account)])
      )

  gauge(
    'pidguard_cache_synced',
    '1 once everything there was has been read from the API server, by resource.',
    ['resource'],
    byCache(({ state }) => Number(state.synced))
  )
  gauge(
    'pidguard_cache_objects',
    'Objects held, by resource.',
    ['resource'],
    byCache(({ size }) => size)
  )
  gauge(
    'pidguard_cache_silence_seconds',
    'Time since the API server was last heard, by resource; up to 90 s are usual.',
    ['resource'],
    byCache(({ state: { contactAt } }) =>
      contactAt === undefined ? undefined : (clock.monotonic() - contactAt) / 1000
    )
  )
  counter(
    'pidguard_cache_lists_total',
    'Full lists read from the API server, by resource; more than one means that a watch could not be resumed.',
    ['resource'],
    byCache(({ state }) => state.lists)
  )
  counter(
    'pidguard_cache_failures_total',
    'Calls to the API server that failed, by resource.',
    ['resource'],
    byCache(({ state }) => state.failures)
  )
  counter(
    'pidguard_node_readings_total',
    'Attempts to read a node, by source and by result: whole, partial, or why there was no reading.',
    ['source', 'result'],
    ({ source, readings }) => [...readings].map(([result, count]) => [{ source, result }, count])
  )
  gauge(
    'pidguard_nodes',
    'Nodes by how well their PIDs are known: fresh, partial (one ceiling is unknown), stale, unread.',
    ['known'],
    ({ census }) => knownStates.map((known) => [{ known }, census.nodes[known]])
  )
  gauge(
    'pidguard_troubled_nodes',
    'Nodes that were not read at the last attempt, or not in full, by reason; cri-stats: the container runtime counts there (PodAndContainerStatsFromCRI).',
    ['reason'],
    ({ trouble }) => Object.entries(trouble).map(([reason, nodes]) => [{ reason }, nodes])
  )
  gauge('pidguard_oldest_reading_age_seconds', 'Age of the oldest reading of any node.', [], ({ census }) => [
    [{}, census.oldestReading === undefined ? undefined : census.oldestReading / 1000]
  ])
  gauge(
    'pidguard_nodes_below_floor',
    'Nodes where less than the floor is left, waiting pods included.',
    [],
    ({ census }) => [[{}, census.belowFloor]]
  )
  gauge(
    'pidguard_node_pids',
    'Tasks in use under each ceiling, of the 100 nodes with the least room: node (pid_max, threads-max) and kubepods.',
    ['node', 'ceiling'],
    byCeiling(({ inUse }) => inUse)
  )
  gauge(
    'pidguard_node_limit_pids',
    'Ceilings of PIDs, of the 100 nodes with the least room: node and kubepods; absent where there is no limit.',
    ['node', 'ceiling'],
    byCeiling(({ limit }) => limit)
  )
  gauge(
    'pidguard_node_floor_pids',
    'PIDs that the policy keeps free under each ceiling, of the 100 nodes with the least room.',
    ['node', 'ceiling'],
    byCeiling(({ floor }) => floor)
  )
  gauge(
    'pidguard_node_free_pids',
    'PIDs free above the floor of each ceiling, minus what pods may still start, of the 100 nodes with the least room; below 0 the floor is in use.',
    ['node', 'ceiling'],
    byCeiling(({ free }) => free)
  )
  gauge(
    'pidguard_node_reading_timestamp_seconds',
    'When a node was read last, of the 100 nodes with the least room and the 100 with the oldest readings.',
    ['node'],
    ({ census }) => census.ages.map(({ node, readAt }) => [{ node }, readAt / 1000])
  )
  gauge(
    'pidguard_near_limits',
    'What is near a limit of its own (podPidsLimit, the limit of a container, TasksMax): pods of Calico, other pods, units.',
    ['of'],
    ({ nearLimits }) => (['calico', 'pod', 'unit'] as const).map((of) => [{ of }, nearLimits[of]])
  )
  gauge(
    'pidguard_nodes_limits_unknown',
    'Nodes that are read and whose readings say nothing of limits of single pods, containers and units.',
    [],
    ({ nearLimits }) => [[{}, nearLimits.unknownNodes]]
  )
  gauge(
    'pidguard_reservations',
    'Pods counted before the API server shows them: admitted here, and bound.',
    ['what'],
    ({ reservations }) => [
      [{ what: 'admitted' }, reservations.admitted],
      [{ what: 'binding' }, reservations.bindings]
    ]
  )
  gauge('pidguard_waiting_pods', 'Pods that are admitted and on no node yet.', [], ({ waiting }) => [
    [{}, waiting.pods]
  ])
  gauge('pidguard_waiting_pids', 'PIDs counted for pods that are admitted and on no node yet.', [], ({ waiting }) => [
    [{}, waiting.pids]
  ])
}

/** Milliseconds; gauges of one scrape are collected within. */
const oneScrape: Millis = 500
