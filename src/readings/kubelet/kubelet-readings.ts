import { pause } from '../../lib/sleep.ts'
import type { Bytes, Millis } from '../../lib/units.ts'
import type { Ceiling, NodeReading, ReadingFailure, ReadingTarget } from '../../model/node-reading.ts'
import type { CallCredentialsSource } from '../../ports/credentials.ts'
import type { NodeReadings, ReadingSink, ReadOptions } from '../../ports/readings.ts'
import type { Clock } from '../../ports/runtime.ts'
import { withKubepods } from '../host-ceiling.ts'
import { CadvisorTextReader, type CadvisorThreads } from './cadvisor-text.ts'
import {
  ProviderReader,
  type RuntimeTasks,
  runtimeTasks,
  SummaryReader,
  type SummaryTasks,
  statsFromRuntime
} from './cri-stats.ts'
import { KubeletClient, KubeletFailure, type Sampled, type TextReader } from './kubelet-client.ts'
import { kubeletOrigin } from './kubelet-origin.ts'
import { Lanes } from './slow-node-lanes.ts'
import { RlimitReader } from './stats-summary-text.ts'

export interface KubeletOptions {
  readonly credentials: CallCredentialsSource
  /** PEM of the authorities that sign kubelet certificates, read again and again; undefined: the cluster's own. */
  readonly ca: (() => Promise<string>) | undefined
  /** Do not verify kubelet certificates: anyone between us and the node may then lie, and learn the token. */
  readonly insecure: boolean
  /** Where kubelets listen; undefined: each where its Node object says. */
  readonly port: number | undefined
  /** Kubelets asked at once; those that failed last time come on top, half as many. */
  readonly concurrency: number
  /** For both answers of one node together. */
  readonly timeout: Millis
  /** Of one answer, after decompression. */
  readonly bodyLimit: Bytes
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
}

/** Between two looks at where the statistics of a kubelet come from: that takes a restart of it to change. Own choice. */
const askEvery: Millis = 10 * 60_000

export const kubeletDefaults = {
  concurrency: 64,
  timeout: 10_000,
  // A node of 250 pods has about 10 MB of cAdvisor metrics.
  bodyLimit: 64 * 1024 * 1024
} as const

/**
 * Reads each node from its own kubelet: `/stats/summary` for the ceiling of the node, `/metrics/cadvisor` for kubepods and
 * its pods; where that has neither, `/metrics` for the reason. Needs nodes/stats and nodes/metrics, never nodes/proxy, which is code execution on the node.
 */
export class KubeletReadings implements NodeReadings {
  readonly #options: KubeletOptions
  readonly #client: KubeletClient
  readonly #lanes: Lanes
  /** Kubelets whose /metrics/cadvisor had no cgroup of kubepods: when they were asked why, and whether the runtime counts there. */
  readonly #without = new Map<string, { readonly askedAt: Millis; readonly isRuntime: boolean }>()

  constructor(options: KubeletOptions) {
    this.#options = options
    this.#client = new KubeletClient(options)
    this.#lanes = new Lanes(options.concurrency)
  }

  async read(
    targets: readonly ReadingTarget[],
    sink: ReadingSink,
    { signal, spread, isPart }: ReadOptions
  ): Promise<void> {
    if (isPart !== true) this.#retain(new Set(targets.map(({ name }) => name)))
    await Promise.all(
      targets.map(async (target) => {
        if (spread > 0) await pause(this.#options.random() * spread, signal)
        await this.#lanes.run(target.name, () => this.#readNode(target, sink, signal))
      })
    )
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  /** Forgets the nodes that are no more. */
  #retain(names: ReadonlySet<string>): void {
    this.#lanes.retain(names)
    for (const name of this.#without.keys()) if (!names.has(name)) this.#without.delete(name)
  }

  /**
   * Whether its statistics come from the runtime: series of pods without a cgroup say so (kubelets before v1.37 have no other sign), else the
   * kubelet is asked where nothing is left of kubepods, and then again and again.
   */
  async #isFromRuntime(
    node: string,
    origin: string,
    threads: Sampled<CadvisorThreads | undefined> | KubeletFailure,
    hasLabelled: boolean,
    signal: AbortSignal
  ): Promise<boolean> {
    const held = this.#without.get(node)
    if (threads instanceof KubeletFailure) return held?.isRuntime ?? false
    if (threads.value !== undefined) {
      if (held !== undefined) this.#without.delete(node)
      return false
    }
    const askedAt = this.#options.clock.monotonic()
    if (hasLabelled) this.#without.set(node, { askedAt, isRuntime: true })
    if (hasLabelled) return true
    if (held !== undefined && askedAt - held.askedAt < askEvery) return held.isRuntime
    const provider = await this.#client.read(`${origin}/metrics`, new ProviderReader(), signal, true)
    const isRuntime = provider instanceof KubeletFailure ? (held?.isRuntime ?? false) : provider.value.isRuntime
    this.#without.set(node, { askedAt, isRuntime })
    return isRuntime
  }

  /** Whether the node answered in time, with success or failure. */
  async #readNode(target: ReadingTarget, sink: ReadingSink, stop: AbortSignal): Promise<boolean> {
    if (stop.aborted) return true
    const origin = kubeletOrigin(target, this.#options.port)
    if (typeof origin !== 'string') {
      sink.observeFailure(target.name, origin)
      return true
    }
    const signal = AbortSignal.any([stop, AbortSignal.timeout(this.#options.timeout)])
    const summary = (reader: TextReader<SummaryTasks | undefined>) =>
      this.#client.read(`${origin}/stats/summary`, reader, signal)
    const wasRuntime = this.#without.get(target.name)?.isRuntime === true
    let host = await summary(wasRuntime ? new SummaryReader() : new RlimitReader())
    if (host instanceof KubeletFailure && host.isTransport) return tell(sink, target.name, host, stop)
    const cadvisor = new CadvisorTextReader()
    const threads = await this.#client.read(`${origin}/metrics/cadvisor`, cadvisor, signal, true)
    if (threads instanceof KubeletFailure && host instanceof KubeletFailure) {
      return tell(sink, target.name, threads, stop)
    }
    const isRuntime = await this.#isFromRuntime(target.name, origin, threads, !cadvisor.labelled.isEmpty, signal)
    // The summary was looked at for the ceiling alone.
    if (isRuntime && !wasRuntime && !(host instanceof KubeletFailure)) host = await summary(new SummaryReader())
    if (stop.aborted) return true
    const tasks = host instanceof KubeletFailure ? {} : (host.value ?? {})
    const counted = isRuntime ? runtimeTasks(tasks, cadvisor.labelled) : undefined
    const reading = readingOf(target.name, host, threads, counted)
    if (reading === undefined) sink.observeFailure(target.name, nothingReported)
    else sink.observeReading(reading)
    return !(threads instanceof KubeletFailure && threads.isTransport)
  }
}

function tell(sink: ReadingSink, node: string, failure: KubeletFailure, stop: AbortSignal): boolean {
  if (stop.aborted) return true
  sink.observeFailure(node, failure)
  return !failure.isTransport
}

const nothingReported: ReadingFailure = {
  reason: 'not-reported',
  detail:
    'the kubelet answers, but with neither node.rlimit in /stats/summary nor container_threads in /metrics/cadvisor'
}

/** One of both may have failed; undefined when they answered and neither has a figure. */
function readingOf(
  node: string,
  host: Sampled<SummaryTasks | undefined> | KubeletFailure,
  threads: Sampled<CadvisorThreads | undefined> | KubeletFailure,
  runtime: RuntimeTasks | undefined
): NodeReading | undefined {
  const gaps: ReadingFailure[] = []
  const instants: number[] = []
  const partOf = <T>(part: Sampled<T | undefined> | KubeletFailure, missing: ReadingFailure): T | undefined => {
    if (part instanceof KubeletFailure) gaps.push({ reason: part.reason, detail: part.detail })
    else if (part.value === undefined) gaps.push(missing)
    else instants.push(part.at)
    return part instanceof KubeletFailure ? undefined : part.value
  }
  const rlimit = partOf(host, { reason: 'not-reported', detail: '/stats/summary has no node.rlimit' })
  const cgroup = partOf(threads, runtime === undefined ? noKubepods : statsFromRuntime)
  const hasFailed = host instanceof KubeletFailure || threads instanceof KubeletFailure
  if (instants.length === 0 && !hasFailed && runtime === undefined) return undefined
  const unknown = { limit: undefined, inUse: undefined }
  const kubepods = cgroup?.kubepods ?? { limit: undefined, inUse: runtime?.inUse }
  const kernel = rlimit === undefined ? unknown : { limit: rlimit.limit, inUse: rlimit.inUse }
  if (rlimit !== undefined) gaps.push(...halfOf(kernel))
  if (cgroup?.isMisplaced === true) gaps.push(misplaced)
  const { above } = cgroup ?? {}
  const isAbove = above !== undefined && above.limit - above.inUse < freeOf(kernel)
  return {
    node,
    // Without any figure there is no instant: as old as can be.
    at: instants.length === 0 ? 0 : Math.min(...instants),
    host: withKubepods(isAbove ? { limit: above.limit, inUse: above.inUse } : kernel, kubepods),
    ...(isAbove ? { hostCgroup: above.id } : undefined),
    kubepods,
    pods: cgroup?.pods ?? runtime?.pods,
    ...(runtime?.podsByName === undefined ? undefined : { podsByName: runtime.podsByName }),
    podLimits: cgroup?.podLimits,
    nearLimits: cgroup?.nearLimits ?? runtime?.nearLimits,
    gaps
  }
}

const noKubepods: ReadingFailure = {
  reason: 'not-reported',
  detail:
    '/metrics/cadvisor has no container_threads of a kubepods cgroup, and the kubelet does not say that the runtime counts (kubelet_metrics_provider in /metrics)'
}

const misplaced: ReadingFailure = {
  reason: 'cgroup-drivers',
  detail:
    'kubelet and container runtime use different cgroup drivers: containers run outside of the cgroups of their pods, so that neither podPidsLimit nor the limit of kubepods bounds them (rule node-cgroup-driver)'
}

/** A ceiling of which only the limit or only the use is known. */
function halfOf({ limit, inUse }: Ceiling): ReadingFailure[] {
  if (limit !== undefined && inUse !== undefined) return []
  const field = limit === undefined ? 'maxpid' : 'curproc'
  return [{ reason: 'not-reported', detail: `/stats/summary has node.rlimit without ${field}` }]
}

function freeOf({ limit, inUse }: Ceiling): number {
  return limit === undefined || inUse === undefined ? Number.POSITIVE_INFINITY : limit - inUse
}
