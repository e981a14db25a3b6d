import type { Placement } from '../../../kubernetes/placement/placement.ts'
import type { Millis, Pids } from '../../../lib/units.ts'
import type { WorkloadName } from '../../../model/cluster-objects.ts'
import { type Estimate, expectedOf } from '../../estimate.ts'
import { type ObservedPeak, ObservedPods, type ReadPod } from './observed-pods.ts'

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
  readonly #observed = new ObservedPods()

  constructor(namespace: string, workload: WorkloadName) {
    this.namespace = namespace
    this.workload = workload
  }

  /** One of its pods held so many tasks at that instant. */
  observe(pod: ReadPod, pids: Pids, at: Millis): void {
    this.#observed.observe(pod, pids, at)
  }

  /** The figure for the next pod of the template; of the template seen last where it is undefined. */
  peak(template: string | undefined, now: Millis): ObservedPeak | undefined {
    return this.#observed.peak(template, now)
  }

  /** The estimate of a pod of the template whose profile or default is `assumed`. */
  expected(template: string | undefined, assumed: Estimate, now: Millis): Estimate {
    return expectedOf(this.#observed.peak(template ?? '', now), assumed)
  }

  isForgotten(now: Millis): boolean {
    return this.pods === 0 && this.peak(undefined, now) === undefined
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
