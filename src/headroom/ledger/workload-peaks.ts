import type { Placement } from '../../kubernetes/placement.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { WorkloadName } from '../../model/cluster-objects.ts'

/** The highest number of tasks seen in one running pod of a workload. */
export interface ObservedPeak {
  readonly pids: Pids
  /** Its pods were watched for at least `settleTime`, so a low peak is meaningful. */
  readonly isSettled: boolean
}

/**
 * A program shows its threads under load, not in its first seconds. Until a workload has been watched for this long, a
 * peak counts only where it is above the profile or default. Own choice: several times the minutes in which runtimes warm
 * up and the first requests arrive.
 */
export const settleTime: Millis = 10 * 60_000

/** A peak is forgotten after one to two of these: a daily batch job is remembered, last month's incident is not. */
const epoch: Millis = 24 * 3_600_000

export class WorkloadEntry {
  readonly namespace: string
  readonly workload: WorkloadName
  /** Its pods on the ledger. */
  pods = 0
  /** Those of them that have not ended. */
  live = 0
  /** Estimate and placement of its pod that changed last: the next one will likely have the same. */
  estimate: Pids = 0
  placement: Placement | undefined = undefined
  #current: Pids = 0
  #previous: Pids = 0
  #epochAt: Millis = Number.NEGATIVE_INFINITY
  #since: Millis = Number.POSITIVE_INFINITY
  #lastAt: Millis = Number.NEGATIVE_INFINITY

  constructor(namespace: string, workload: WorkloadName) {
    this.namespace = namespace
    this.workload = workload
  }

  /** One of its pods held so many tasks at that instant. */
  observe(pids: Pids, at: Millis): void {
    this.#turn(at)
    if (pids > this.#current) this.#current = pids
    if (at < this.#since) this.#since = at
    if (at > this.#lastAt) this.#lastAt = at
  }

  /** undefined when none of its pods was seen running lately. */
  peak(now: Millis): ObservedPeak | undefined {
    this.#turn(now)
    const pids = Math.max(this.#current, this.#previous)
    return pids === 0 ? undefined : { pids, isSettled: this.#isSettled }
  }

  /** The estimate of a pod whose profile or default is `assumed`. Allocates nothing: called at every event of a pod. */
  expected(assumed: Pids, now: Millis): Pids {
    this.#turn(now)
    const pids = Math.max(this.#current, this.#previous)
    return pids > assumed || (pids > 0 && this.#isSettled) ? pids : assumed
  }

  isForgotten(now: Millis): boolean {
    return this.pods === 0 && this.peak(now) === undefined
  }

  get #isSettled(): boolean {
    return this.#lastAt - this.#since >= settleTime
  }

  #turn(at: Millis): void {
    if (at - this.#epochAt < epoch) return
    this.#previous = at - this.#epochAt < 2 * epoch ? this.#current : 0
    this.#current = 0
    this.#epochAt = at
    if (this.#previous > 0) return
    // Nothing is remembered any more: the watch starts again with the next pod.
    this.#since = Number.POSITIVE_INFINITY
    this.#lastAt = Number.NEGATIVE_INFINITY
  }
}

/** Workloads without pods whose peaks are remembered. A hundred bytes each. Own choice. */
const mostIdle = 20_000

/**
 * Workloads by namespace, kind and name. Nested maps: a joined key of three strings would have to be built and hashed for
 * each of 150,000 pods, while the single strings are shared and hashed already.
 */
export class Workloads {
  readonly #namespaces = new Map<string, Map<string, Map<string, WorkloadEntry>>>()
  #idle = 0

  get(namespace: string, { kind, name }: WorkloadName): WorkloadEntry | undefined {
    return this.#namespaces.get(namespace)?.get(kind)?.get(name)
  }

  /** The workload of one more pod; undefined for a pod without a controller, whose figures no other pod can use. */
  join(namespace: string, workload: WorkloadName): WorkloadEntry | undefined {
    if (workload.kind === 'Pod') return undefined
    let entry = this.get(namespace, workload)
    if (entry === undefined) {
      entry = new WorkloadEntry(namespace, workload)
      innerOf(innerOf(this.#namespaces, namespace), workload.kind).set(workload.name, entry)
    } else if (entry.pods === 0) {
      this.#idle--
    }
    entry.pods++
    return entry
  }

  /** One pod less. A workload without pods is kept as long as its peak. */
  leave(entry: WorkloadEntry, now: Millis): void {
    entry.pods--
    if (entry.pods > 0) return
    this.#idle++
    if (this.#idle > mostIdle || entry.isForgotten(now)) this.#drop(entry)
  }

  /** Drops workloads whose peaks are forgotten; to be called every few minutes. */
  sweep(now: Millis): void {
    for (const kinds of this.#namespaces.values()) {
      for (const names of kinds.values()) {
        for (const entry of names.values()) if (entry.isForgotten(now)) this.#drop(entry)
      }
    }
  }

  #drop({ namespace, workload: { kind, name } }: WorkloadEntry): void {
    const kinds = this.#namespaces.get(namespace)
    const names = kinds?.get(kind)
    if (names?.delete(name) !== true) return
    this.#idle--
    if (names.size === 0) kinds?.delete(kind)
    if (kinds?.size === 0) this.#namespaces.delete(namespace)
  }
}

function innerOf<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  let inner = maps.get(key)
  if (inner === undefined) {
    inner = new Map()
    maps.set(key, inner)
  }
  return inner
}
