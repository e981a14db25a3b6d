// What a day came to.
import { loadavg } from 'node:os'
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'
import { quantileOf, seriesOf } from './expositions.ts'
import type { Fleet } from './fleet.ts'
import { type Guarding, metricsOf, type Way } from './pidguard.ts'
import { Sample } from './sample.ts'
import type { Truth } from './truth.ts'

interface Phase {
  readonly name: string
  readonly sum: Sample
  readonly from: number
  readonly fromDate: number
  seconds: number
  /** At its end. */
  running: number
  wanted: number
  pending: number
  nodeWrites: number
}

export interface ProcessFigures {
  readonly cpuSeconds: number
  /** The largest that was seen, in MiB. */
  readonly residentMiB: number
}

export interface Result {
  readonly way: Way
  readonly phases: readonly Phase[]
  readonly total: Sample
  /** Seconds of the whole day, without the start of the cluster. */
  readonly seconds: number
  /** Pods bound a second while the cluster was filled, from the 5th to the 95th hundredth of them. */
  readonly boundASecond: number
  readonly nodeWritesAMinute: number
  /** In the worst minute. */
  readonly mostNodeWrites: number
  /** By webhook: calls that said no. */
  readonly rejections: Readonly<Record<string, number>>
  /** Calls that failed or came too late, so that the API server went on without them: then it is not the way of guarding that is measured. */
  readonly passedBy: number
  /** By webhook: p99 as the API server measures it, in milliseconds. */
  readonly webhookP99: Readonly<Record<string, number>>
  /** p99 of all reviews by pidguard's own clock, in milliseconds. */
  readonly reviewP99: number | undefined
  readonly processes: Readonly<Record<string, ProcessFigures>>
  readonly refusedByKubelet: number
  /** Of this machine, at the end. */
  readonly load: number
  readonly failures: readonly string[]
}

export class Recorder {
  /** Pods of Deployments and StatefulSets. */
  wanted = 0
  readonly #plane: ControlPlane
  readonly #truth: Truth
  readonly #fleet: Fleet
  readonly #way: Way
  readonly #phases: Phase[] = []
  readonly #failures: string[] = []
  readonly #resident = new Map<string, number>()
  #guarding: Guarding | undefined
  #timer: NodeJS.Timeout | undefined
  #boundInFill: readonly number[] = []

  constructor(plane: ControlPlane, truth: Truth, fleet: Fleet, way: Way) {
    this.#plane = plane
    this.#truth = truth
    this.#fleet = fleet
    this.#way = way
    plane.atStop(async () => clearInterval(this.#timer))
  }

  /** Looks once a second from now on. */
  start(guarding: Guarding): void {
    this.#guarding = guarding
    let looks = 0
    this.#timer = setInterval(() => {
      this.#phases.at(-1)?.sum.add(this.#truth.sample(this.#fleet.nodes.values(), this.wanted))
      if (++looks % 5 === 0) void this.#weigh()
    }, 1_000)
  }

  begin(name: string): void {
    const [from, fromDate] = [performance.now(), Date.now()]
    const none = { seconds: 0, running: 0, wanted: 0, pending: 0, nodeWrites: 0 }
    this.#phases.push({ name, sum: new Sample(), from, fromDate, ...none })
  }

  endPhase(): void {
    const phase = this.#phases.at(-1)
    if (phase === undefined) return
    phase.seconds = (performance.now() - phase.from) / 1_000
    phase.wanted = this.wanted
    phase.running = this.#truth.running()
    phase.pending = this.#truth.pending().length
    if (phase.name === 'fill') this.#boundInFill = this.#truth.boundAt.toSorted((a, b) => a - b)
    console.error(
      `  ${this.#way}, ${phase.name}: ${phase.seconds.toFixed(0)} s, ${phase.running} of ${phase.wanted} run, ${phase.pending} pending, ` +
        `${phase.sum.promisedBeyond} of ${phase.sum.nodes} node-seconds promised beyond; load ${loadavg()[0]?.toFixed(1)}`
    )
  }

  fail(text: string): void {
    this.#failures.push(text)
    console.error(`  FAILED ${text}`)
  }

  async end(): Promise<Result> {
    clearInterval(this.#timer)
    const own = new Map<string, string>()
    for (const [name, process] of this.#guarding?.processes ?? []) own.set(name, await metricsOf(process))
    const api = (await this.#plane.api.get('/metrics')).body.message ?? ''
    const passedBy = seriesOf('apiserver_admission_webhook_fail_open_count', api)
      .filter(({ labels }) => isOurs(labels['name']))
      .reduce((sum, { value }) => sum + value, 0)
    const writes = this.#plane.auditEvents().map((event) => Date.parse(event.requestReceivedTimestamp))
    for (const phase of this.#phases) {
      const end = phase.fromDate + phase.seconds * 1_000
      phase.nodeWrites = writes.filter((at) => at >= phase.fromDate && at < end).length
    }
    const total = new Sample()
    for (const { sum } of this.#phases) total.add(sum)
    const seconds = this.#phases.reduce((sum, phase) => sum + phase.seconds, 0)
    const inDay = this.#phases.reduce((sum, phase) => sum + phase.nodeWrites, 0)
    return {
      way: this.#way,
      phases: this.#phases,
      total,
      seconds,
      boundASecond: rateOf(this.#boundInFill),
      nodeWritesAMinute: (inDay * 60) / seconds,
      mostNodeWrites: mostInAMinute(writes.filter((at) => at >= (this.#phases[0]?.fromDate ?? 0))),
      rejections: rejectionsIn(api),
      passedBy,
      webhookP99: webhookP99In(api),
      reviewP99: inMillis(quantileOf(0.99, 'pidguard_review_duration_seconds', [...own.values()])),
      processes: Object.fromEntries([...own].map(([name, text]) => [name, this.#processOf(name, text)])),
      refusedByKubelet: this.#truth.refusedByKubelet,
      load: loadavg()[0] ?? 0,
      failures: this.#failures
    }
  }

  async #weigh(): Promise<void> {
    for (const [name, process] of this.#guarding?.processes ?? []) {
      const bytes = await process.metric('process_resident_memory_bytes').catch(() => undefined)
      this.#resident.set(name, Math.max(this.#resident.get(name) ?? 0, bytes ?? 0))
    }
  }

  #processOf(name: string, exposition: string): ProcessFigures {
    return {
      cpuSeconds: seriesOf('process_cpu_seconds_total', exposition)[0]?.value ?? Number.NaN,
      residentMiB: (this.#resident.get(name) ?? 0) / 2 ** 20
    }
  }
}

function rateOf(instants: readonly number[]): number {
  const [from, to] = [Math.floor(instants.length * 0.05), Math.floor(instants.length * 0.95)]
  return ((to - from) * 1_000) / ((instants[to] ?? 0) - (instants[from] ?? 0))
}

function mostInAMinute(instants: readonly number[]): number {
  const minutes = new Map<number, number>()
  for (const at of instants) {
    const minute = Math.floor(at / 60_000)
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
  }
  return Math.max(0, ...minutes.values())
}

const isOurs = (name: string | undefined): name is string => name?.endsWith('pidguard.io') === true

function rejectionsIn(api: string): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { labels, value } of seriesOf('apiserver_admission_webhook_rejection_count', api)) {
    const { name } = labels
    if (isOurs(name)) sums[name] = (sums[name] ?? 0) + value
  }
  return sums
}

function webhookP99In(api: string): Record<string, number> {
  const metric = 'apiserver_admission_webhook_admission_duration_seconds'
  const names = new Set(seriesOf(`${metric}_count`, api).map(({ labels }) => labels['name']))
  const found: Record<string, number> = {}
  for (const name of [...names].filter(isOurs)) {
    const p99 = inMillis(quantileOf(0.99, metric, [api], (labels) => labels['name'] === name))
    if (p99 !== undefined) found[name] = p99
  }
  return found
}

function inMillis(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000
}
