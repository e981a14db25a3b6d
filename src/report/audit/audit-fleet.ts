import type { RuntimeSign } from '../../kubernetes/pods/told-runtime.ts'
import type { Millis, Pids } from '../../lib/units.ts'

/** A count of tasks; null: not known, which is never 0. */
export type Figure = Pids | null
/** The same of something that may have no limit at all. */
export type Limit = Figure | 'unlimited'

/** One ceiling of a node and how much of it is used. Either may be unknown. */
export interface AuditCeiling {
  readonly limit: Limit
  readonly inUse: Figure
}

/** `node` is min(pid_max, threads-max), `kubepods` the pids.max of the cgroup that holds all pods. */
export type AuditCeilingName = 'node' | 'kubepods'

/** What one kubelet is configured with, as far as it bounds PIDs. */
export interface AuditKubelet {
  /** podPidsLimit. */
  readonly podPidsLimit: Pids | 'unlimited'
  /** systemReserved.pid and kubeReserved.pid together; null where they are not plain counts. */
  readonly reserved: Figure
  /** evictionHard `pid.available` as it is written; null: not set, so PIDPressure never turns true. */
  readonly eviction: string | null
}

/** One node. Fullest first; nodes of which nothing is known come last. */
export interface AuditNode {
  readonly node: string
  readonly host: AuditCeiling
  readonly kubepods: AuditCeiling
  /** The ceiling with the least free. */
  readonly tightest: AuditCeilingName | null
  /** Share in use of the ceiling that is closest to its limit, from 0. */
  readonly used: number | null
  /** PIDs in use at the tightest ceiling, and the part of its pods' estimates that is not observed yet. */
  readonly committed: Figure
  /** PIDs that the policy keeps free there. */
  readonly floor: Figure
  /** What fits above the floor at both ceilings; below 0 when the floor is used already. */
  readonly free: Limit
  /** Of the reading, when the audit was taken. */
  readonly age: Millis | null
  /** Pods on it that run. */
  readonly pods: number
  readonly biggest: { readonly namespace: string; readonly name: string; readonly pids: Pids } | null
  /** The workload whose pods there hold the most together, with how many of them are read. */
  readonly biggestWorkload:
    | (AuditOwner & { readonly namespace: string; readonly pids: Pids; readonly pods: number })
    | null
  /** Where its tasks are. */
  readonly places: AuditPlaces
  /** What holds at least the policy's `audit.holderShare` of what is in use at its fuller ceiling, the biggest first; at most three. */
  readonly holders: readonly AuditHolder[]
  /** Workloads with pods there whose tasks are known. */
  readonly workloads: number
  /** The namespace whose workloads, each of them small, hold most of what is in use together; null: none does. */
  readonly biggestNamespace: { readonly namespace: string; readonly pids: Pids; readonly workloads: number } | null
  /** The PIDPressure condition. */
  readonly pidPressure: boolean | null
  /** null: its configuration could not be read. */
  readonly kubelet: AuditKubelet | null
  /** Why it has no ceiling of PIDs and was not asked; null: it has one. */
  readonly withoutCeiling: 'windows' | 'virtual' | 'labelled' | null
  /** Why something is not known, in words; empty when all is. */
  readonly missing: readonly string[]
}

/** The tasks of a node by where they are. The parts are of slightly different moments, so their sum may be a little off. */
export interface AuditPlaces {
  /** In pods that the API server knows. */
  readonly pods: Figure
  /** In cgroups of pods that the API server does not know, all together. */
  readonly unknownPods: Figure
  /** Under kubepods, but in none of its pods. */
  readonly unexplained: Figure
  /** Outside of pods: kubelet, container runtime, kernel threads, VMs. */
  readonly outside: Figure
}

/** A place that holds a share of a node that is worth naming. */
export interface AuditHolder {
  readonly place: 'workload' | 'unknown-pod' | 'unknown-pods' | 'unexplained' | 'outside'
  /** Of a workload, with its pods there and those of them that are being deleted; null otherwise. */
  readonly workload:
    | (AuditOwner & { readonly namespace: string; readonly pods: number; readonly terminating: number })
    | null
  /** The uid in the name of the cgroup of an unknown pod; null otherwise. */
  readonly cgroup: string | null
  /** How many unknown pods there are together, where they are named together; absent otherwise. */
  readonly pods?: number
  readonly pids: Pids
}

/** The workload people know a pod by. */
export interface AuditOwner {
  readonly kind: string
  readonly name: string
}

/** One of the pods that hold the most tasks. */
export interface AuditPod {
  readonly namespace: string
  readonly name: string
  readonly workload: AuditOwner
  readonly node: string
  readonly pids: Pids
  /** Of the lower ceiling of its node, from 0; null where that is not known. */
  readonly share: number | null
  /** pids.max of the pod itself; null: none, or not known. */
  readonly limit: Figure
  /** What it is counted with at least, and where that figure comes from, in words. */
  readonly estimate: Pids
  readonly estimateFrom: string
}

/** One of the workloads whose pods hold the most tasks together. */
export interface AuditWorkload {
  readonly namespace: string
  readonly kind: string
  readonly name: string
  readonly pids: Pids
  /** The largest of its pods. */
  readonly peak: Pids
  readonly pods: number
  /** Of how many of its pods the tasks are known. */
  readonly read: number
  readonly nodes: number
  /** What its program runs on, and what tells it; absent: the first of its pods does not tell. */
  readonly runtime?: RuntimeSign
}
