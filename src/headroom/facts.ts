import type { Millis, Pids } from '../model/units.ts'
import type { Placement } from './placement.ts'

/** A taint of a node, as the API spells it; an absent value is the empty string. */
export interface Taint {
  readonly key: string
  readonly value: string
  readonly effect: string
}

/** What the ledger wants to know of a Node. */
export interface NodeFacts {
  readonly name: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
}

/** The workload people know a pod by; see `workloadOf`. */
export interface WorkloadName {
  readonly kind: string
  readonly name: string
}

/** What the ledger wants to know of a Pod that the API server holds. */
export interface PodFacts {
  /** As the node counts it: for a static pod the hash of its file, not the uid of its mirror in the API. */
  readonly uid: string
  readonly namespace: string
  /** undefined until the pod is bound. */
  readonly node: string | undefined
  readonly phase: string
  readonly workload: WorkloadName
  /** The `pidguard.io/pids` annotation, where it is a count. */
  readonly declared: Pids | undefined
  /** The `pidguard.io/pids-estimate` annotation that pidguard left at creation. */
  readonly estimated: Pids | undefined
  /** Has a deletionTimestamp; its tasks count until it is gone. */
  readonly deleting: boolean
  /** Where it may land, of a pod that is not bound yet; undefined where nobody knows. */
  readonly placement?: Placement | undefined
}

/** One ceiling and what is used of it. Each may be unknown for itself; unknown is undefined, never 0. */
export interface Ceiling {
  /** Infinity: there is no limit. */
  readonly limit: Pids | undefined
  readonly inUse: Pids | undefined
}

/** What one node said of its tasks. */
export interface NodeReading {
  readonly node: string
  /** When the oldest of the figures was true, by this process' own wall clock. */
  readonly at: Millis
  /** The node: min(pid_max, threads-max), and every task on it. The shims of its pods are here and not in kubepods. */
  readonly host: Ceiling
  /** The kubepods cgroup: pids.max, and the tasks of all pods together. */
  readonly kubepods: Ceiling
  /** Tasks by pod uid; undefined when not known for any pod. */
  readonly pods: ReadonlyMap<string, Pids> | undefined
}
