import type { Millis, Pids } from '../../lib/units.ts'
import type { NearLimit } from '../../model/near-limit.ts'
import type { Ceiling, NodeReading, ReadingFailure, ReadingTarget } from '../../model/node-reading.ts'
import type { NodeReadings, ReadingSink, ReadOptions } from '../../ports/readings.ts'
import type { Clock } from '../../ports/runtime.ts'
import { placeOfCgroup } from '../cgroup-path.ts'
import { withKubepods } from '../host-ceiling.ts'
import { nearLimitQueries, nearLimitsByNode } from './near-limit-queries.ts'
import { NodeNames, nodeLabels } from './node-of-series.ts'
import { PrometheusClient, type PrometheusClientOptions, PrometheusFailure, type Series } from './prometheus-client.ts'

export interface PrometheusOptions extends PrometheusClientOptions {
  readonly clock: Clock
}

export const prometheusDefaults = { timeout: 10_000, bodyLimit: 64 * 1024 * 1024 } as const

const by = nodeLabels.join(', ')
/** Seconds. cAdvisor's samples carry their own time, so Prometheus shows a pod that is gone for five minutes more. */
const freshPod = 120

/**
 * Selects the kubepods cgroups of both cgroup drivers, with any prefix. Two selectors that end in a fixed text are cheap;
 * Prometheus would try one pattern for both on every cgroup of the fleet, which takes many times as long.
 */
function ofKubepods(metric: string, wrap = (selector: string): string => selector): string {
  const [cgroupfs, systemd] = ['.*kubepods', '.*kubepods[.]slice'].map((id) => wrap(`${metric}{id=~"${id}"}`))
  return `max by (${by}, id) (${cgroupfs} or ${systemd})`
}

const queries = {
  // pid_max and threads-max: the smaller one counts. `or` between them would drop one, for their labels are the same.
  hostLimit: `min by (${by}) ({__name__=~"node_processes_max_processes|node_processes_max_threads"})`,
  hostInUse: `max by (${by}) (node_processes_threads)`,
  hostAt: `min by (${by}) (timestamp(node_processes_threads))`,
  kubepodsLimit: ofKubepods('container_threads_max'),
  kubepodsInUse: ofKubepods('container_threads'),
  kubepodsAt: ofKubepods('container_threads', (selector) => `timestamp(${selector})`)
} as const

/**
 * Asks which labels cAdvisor's series have. Needed only where the series of kubepods do not name their nodes, because it
 * goes over every pod.
 */
const cadvisorLabels = `group by (${by}) (container_threads{container=""})`

/** Nodes per query for pods: an answer of 250 nodes with 30 pods each weighs about 1.5 MB, which is 8 ms of JSON.parse. */
const nodesPerQuery = 250

/**
 * The pods of the nodes of which a label has one of these values. `container=""` leaves out most of what is inside of
 * pods; the rest goes by its `id`. Prometheus finds a list of fixed texts in its index, where a pattern for `id` would
 * be tried on every cgroup of the fleet.
 */
function podQuery(label: string, values: readonly string[]): string {
  const list = JSON.stringify(values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'))
  return `max by (${by}, id) (last_over_time(container_threads{container="",${label}=~${list}}[${freshPod}s]))`
}

interface Draft {
  host: { limit: Pids | undefined; inUse: Pids | undefined }
  kubepods: { limit: Pids | undefined; inUse: Pids | undefined; depth: number }
  /** Age when Prometheus evaluated the query. */
  age: Millis | undefined
  readonly pods: Map<string, Pids>
  nearLimits: readonly NearLimit[] | undefined
}

/**
 * Reads the whole fleet by a few instant queries: `container_threads` of cAdvisor, and for the ceiling of the node
 * node_exporter's processes collector (off by default there). The age of a figure is that of its sample, even if a clock is wrong.
 * Limits of single cgroups are read where they are at least half used: all of them would double the answers.
 */
export class PrometheusReadings implements NodeReadings {
  readonly #options: PrometheusOptions
  readonly #client: PrometheusClient

  constructor(options: PrometheusOptions) {
    this.#options = options
    this.#client = new PrometheusClient(options)
  }

  async read(targets: readonly ReadingTarget[], sink: ReadingSink, { signal }: ReadOptions): Promise<void> {
    const names = new NodeNames(targets)
    const drafts = new Map<string, Draft>()
    const draftOf = (series: Series): Draft | undefined => {
      const node = names.nodeOf(series.labels)
      if (node === undefined) return undefined
      const draft = drafts.get(node) ?? emptyDraft()
      drafts.set(node, draft)
      return draft
    }
    const now = this.#options.clock.now()
    let podsFailure: ReadingFailure | undefined
    try {
      const kubepods = await this.#readCeilings(draftOf, signal)
      podsFailure = await this.#readPods(kubepods, names, draftOf, signal)
      await this.#readNearLimits(names, drafts, signal)
    } catch (cause) {
      if (signal.aborted || !(cause instanceof PrometheusFailure)) return
      for (const { name } of targets) sink.observeFailure(name, cause)
      return
    }
    for (const { name } of targets) {
      const draft = drafts.get(name)
      if (draft === undefined) sink.observeFailure(name, notReported)
      else sink.observeReading(readingOf(name, draft, now, podsFailure))
    }
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  /** Gives the series of kubepods. */
  async #readCeilings(draftOf: (series: Series) => Draft | undefined, signal: AbortSignal): Promise<readonly Series[]> {
    const ask = (name: keyof typeof queries) => this.#client.query(queries[name], signal)
    const [hostLimit, hostInUse, hostAt, kubepodsLimit, kubepodsInUse, kubepodsAt] = await Promise.all([
      ask('hostLimit'),
      ask('hostInUse'),
      ask('hostAt'),
      ask('kubepodsLimit'),
      ask('kubepodsInUse'),
      ask('kubepodsAt')
    ])
    for (const series of hostLimit) setHost(draftOf(series), 'limit', series.value)
    for (const series of hostInUse) setHost(draftOf(series), 'inUse', series.value)
    for (const series of hostAt) setAge(draftOf(series), series)
    // Which kubepods is the node's own is known by its depth; its limit and instant follow it.
    for (const series of kubepodsInUse) setKubepods(draftOf(series), 'inUse', series, series.value)
    for (const series of kubepodsLimit) {
      setKubepods(draftOf(series), 'limit', series, series.value === 0 ? Number.POSITIVE_INFINITY : series.value)
    }
    for (const series of kubepodsAt) {
      const draft = draftOf(series)
      if (draft?.kubepods.depth === placeOfCgroup(series.labels['id'] ?? '')?.depth) setAge(draft, series)
    }
    return kubepodsInUse
  }

  /** Where this fails, limits are not known. */
  async #readNearLimits(names: NodeNames, drafts: ReadonlyMap<string, Draft>, signal: AbortSignal): Promise<void> {
    const ask = (name: keyof typeof nearLimitQueries) => this.#client.query(nearLimitQueries[name], signal)
    try {
      const [known, inUse, limit] = await Promise.all([ask('known'), ask('inUse'), ask('limit')])
      const found = nearLimitsByNode({ known, inUse, limit }, ({ labels }) => names.nodeOf(labels))
      for (const [node, draft] of drafts) draft.nearLimits = found.get(node)
    } catch (cause) {
      if (signal.aborted || !(cause instanceof PrometheusFailure)) throw cause
    }
  }

  async #readPods(
    kubepods: readonly Series[],
    names: NodeNames,
    draftOf: (series: Series) => Draft | undefined,
    signal: AbortSignal
  ): Promise<ReadingFailure | undefined> {
    try {
      const told = new Set(kubepods.map(({ labels }) => names.nodeOf(labels)))
      const cadvisor = told.size >= names.nodes ? kubepods : await this.#client.query(cadvisorLabels, signal)
      for (const [label, values] of names.labelsOf(cadvisor.map(({ labels }) => labels))) {
        for (let from = 0; from < values.length; from += nodesPerQuery) {
          const query = podQuery(label, values.slice(from, from + nodesPerQuery))
          for (const series of await this.#client.query(query, signal)) {
            const pod = placeOfCgroup(series.labels['id'] ?? '')?.pod
            if (pod !== undefined) draftOf(series)?.pods.set(pod, series.value)
          }
        }
      }
      return undefined
    } catch (cause) {
      if (signal.aborted || !(cause instanceof PrometheusFailure)) throw cause
      return { reason: cause.reason, detail: cause.detail }
    }
  }
}

const notReported: ReadingFailure = {
  reason: 'not-reported',
  detail: `Prometheus has no series with a label ${nodeLabels.join(', ')} that is this node's name or InternalIP`
}

function emptyDraft(): Draft {
  return {
    host: { limit: undefined, inUse: undefined },
    kubepods: { limit: undefined, inUse: undefined, depth: Number.POSITIVE_INFINITY },
    age: undefined,
    pods: new Map(),
    nearLimits: undefined
  }
}

function setHost(draft: Draft | undefined, part: 'limit' | 'inUse', value: number): void {
  // 0 is a collector that could not read, as in /stats/summary.
  if (draft !== undefined && value > 0) draft.host[part] = value
}

function setKubepods(draft: Draft | undefined, part: 'limit' | 'inUse', { labels }: Series, value: number): void {
  const place = placeOfCgroup(labels['id'] ?? '')
  if (draft === undefined || place === undefined || place.pod !== undefined) return
  if (place.depth > draft.kubepods.depth) return
  draft.kubepods.depth = place.depth
  draft.kubepods[part] = value
}

function setAge(draft: Draft | undefined, { value, evaluatedAt }: Series): void {
  if (draft !== undefined) draft.age = Math.max(draft.age ?? 0, evaluatedAt - value * 1000)
}

function readingOf(node: string, draft: Draft, now: Millis, podsFailure: ReadingFailure | undefined): NodeReading {
  const { host, kubepods, pods, age } = draft
  const gaps: ReadingFailure[] = []
  if (isUnknown(host))
    gaps.push({ reason: 'not-reported', detail: 'no node_processes_* (node_exporter --collector.processes)' })
  if (isUnknown(kubepods)) gaps.push({ reason: 'not-reported', detail: noKubepods })
  if (podsFailure !== undefined) gaps.push(podsFailure)
  else if (draft.nearLimits === undefined) gaps.push(noLimits)
  return {
    node,
    // Pods alone are at most this old, for older samples are not asked for.
    at: now - (age ?? freshPod * 1000),
    host: withKubepods({ limit: host.limit, inUse: host.inUse }, kubepods),
    kubepods: { limit: kubepods.limit, inUse: kubepods.inUse },
    pods: podsFailure !== undefined || (pods.size === 0 && isUnknown(kubepods)) ? undefined : pods,
    podLimits: undefined,
    nearLimits: draft.nearLimits,
    gaps
  }
}

const relabelling =
  'its scrape of /metrics/cadvisor drops it: kube-prometheus-stack, k8s-monitoring and managed Prometheus do by default, see docs/monitoring.md for the relabelling'

const noKubepods = `Prometheus has no container_threads of kubepods; ${relabelling}`

const noLimits: ReadingFailure = {
  reason: 'not-reported',
  detail: `Prometheus has no container_threads_max, so limits of single pods are not known; ${relabelling}`
}

function isUnknown({ limit, inUse }: Ceiling): boolean {
  return limit === undefined && inUse === undefined
}
