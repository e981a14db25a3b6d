import type { ReadingFailure, ReadingTarget } from '../../model/node-reading.ts'
import type { NodeReadings, ReadingSink, ReadOptions } from '../../ports/readings.ts'
import type { Clock } from '../../ports/runtime.ts'
import { placeOfCgroup } from '../cgroup-path.ts'
import { type CeilingQuery, cadvisorLabelQuery, ceilingQueries, type Matchers, podQuery } from './ceiling-queries.ts'
import { type NearLimitQuery, nearLimitQueries, nearLimitsByNode } from './near-limit-queries.ts'
import { type Draft, emptyDraft, isRoot, readingOf, setAge, setHost, setKubepods } from './node-draft.ts'
import { NodeNames, nodeLabels } from './node-of-series.ts'
import { PrometheusClient, type PrometheusClientOptions, PrometheusFailure, type Series } from './prometheus-client.ts'

export interface PrometheusOptions extends PrometheusClientOptions {
  readonly clock: Clock
  readonly matchers: Matchers
}

export const prometheusDefaults = {
  timeout: 10_000,
  bodyLimit: 64 * 1024 * 1024,
  matchers: { kubelet: '', nodeExporter: '' }
} as const

/** Nodes per query for pods: an answer of 250 nodes with 30 pods each weighs about 1.5 MB, which is 8 ms of JSON.parse. */
const nodesPerQuery = 250

/**
 * Reads the whole fleet by a few instant queries: `container_threads` of cAdvisor, and for the ceiling of the node
 * node_exporter's processes collector (off by default there). The age of a figure is that of its sample, even if a clock is wrong.
 * Limits of single cgroups are read where they are at least half used: all of them would double the answers.
 */
export class PrometheusReadings implements NodeReadings {
  readonly #options: PrometheusOptions
  readonly #client: PrometheusClient
  readonly #queries: ReturnType<typeof ceilingQueries>

  constructor(options: PrometheusOptions) {
    this.#options = options
    this.#queries = ceilingQueries(options.matchers)
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
    const ask = (name: CeilingQuery) => this.#client.query(this.#queries[name], signal)
    const [hostLimit, hostInUse, hostAt, hostTwice, kubepodsLimit, kubepodsInUse, kubepodsAt, kubepodsTwice] =
      await Promise.all([
        ask('hostLimit'),
        ask('hostInUse'),
        ask('hostAt'),
        ask('hostTwice'),
        ask('kubepodsLimit'),
        ask('kubepodsInUse'),
        ask('kubepodsAt'),
        ask('kubepodsTwice')
      ])
    for (const series of [...hostLimit, ...hostInUse]) draftOf(series)?.exporter.add(series)
    for (const series of [...kubepodsLimit, ...kubepodsInUse]) {
      if (isRoot(series)) draftOf(series)?.kubelet.add(series)
    }
    for (const series of hostTwice) draftOf(series)?.exporter.addTwice()
    for (const series of kubepodsTwice) if (isRoot(series)) draftOf(series)?.kubelet.addTwice()
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
    const queries = nearLimitQueries(this.#options.matchers)
    const ask = (name: NearLimitQuery) => this.#client.query(queries[name], signal)
    try {
      const [known, inUse, limit] = await Promise.all([ask('known'), ask('inUse'), ask('limit')])
      const found = nearLimitsByNode({ known, inUse, limit }, (series) => {
        const node = names.nodeOf(series.labels)
        return node !== undefined && drafts.get(node)?.kubelet.has(series) ? node : undefined
      })
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
      const cadvisor =
        told.size >= names.nodes
          ? kubepods
          : await this.#client.query(cadvisorLabelQuery(this.#options.matchers), signal)
      for (const [label, values] of names.labelsOf(cadvisor.map(({ labels }) => labels))) {
        for (let from = 0; from < values.length; from += nodesPerQuery) {
          const query = podQuery(label, values.slice(from, from + nodesPerQuery), this.#options.matchers)
          for (const series of await this.#client.query(query, signal)) {
            const pod = placeOfCgroup(series.labels['id'] ?? '')?.pod
            const draft = pod === undefined ? undefined : draftOf(series)
            if (pod !== undefined && draft?.kubelet.has(series)) draft.pods.set(pod, series.value)
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
