import type { Placement } from '../kubernetes/placement/placement.ts'
import type { PodGroup } from '../kubernetes/pods/pod-groups.ts'
import type { RuntimeSign } from '../kubernetes/pods/told-runtime.ts'
import type { Bytes, Millis, Pids } from '../lib/units.ts'

/** What is kept of the objects of a cluster: caches hold these, not whole objects. */

/** A taint of a node, as the API spells it; an absent value is the empty string. */
export interface Taint {
  readonly key: string
  readonly value: string
  readonly effect: string
}

/** What is kept of a Node. */
export interface NodeFacts {
  readonly name: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  /** The PIDPressure condition; undefined while the node does not report it, or reports Unknown. */
  readonly pidPressure: boolean | undefined
  /** Its InternalIP; undefined when it has none. */
  readonly address: string | undefined
  /** The port of its kubelet, as the node reports it; 10250 when it does not. */
  readonly kubeletPort: number
  /** capacity.memory; absent while the node does not report it. */
  readonly memory?: Bytes
  /**
   * The resource pidguard.io/pids that the scheduler counts here, the smaller of capacity and allocatable; absent where the
   * node has none.
   */
  readonly offered?: Pids
  /** Its creationTimestamp; absent where it is no instant. */
  readonly createdAt?: Millis
}

/** The workload people know a pod by; see `workloadOf`. One object per workload while caches hold it. */
export interface WorkloadName {
  readonly kind: string
  readonly name: string
}

/** What is kept of a Namespace. */
export interface NamedNamespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** What is kept of a Pod: 150,000 of these are held, so every field has to earn its place. */
export interface PodFacts {
  readonly uid: string
  /**
   * The uid its node counts it by, where that is another: of a static pod the hash of its file, which before Kubernetes 1.21
   * is the same on all nodes with that file (kubernetes issue 87461), and which anyone who may create pods can write.
   */
  readonly cgroup?: string | undefined
  readonly namespace: string
  readonly name: string
  /** undefined until the pod is bound. */
  readonly node: string | undefined
  readonly phase: string
  readonly workload: WorkloadName
  /** The hash of its pod template, where its controller writes one; see `templateOf`. */
  readonly template?: string | undefined
  /** The group of pods that it is of, where it says one. */
  readonly group?: PodGroup | undefined
  /** The `pidguard.io/pids` annotation, where it is a count. */
  readonly declared: Pids | undefined
  /** The `pidguard.io/pids-estimate` annotation that pidguard left at creation. */
  readonly estimated: Pids | undefined
  /** The `pidguard.io/pids-estimate-source` annotation beside it. */
  readonly estimateSource?: string | undefined
  /** Has a deletionTimestamp; its tasks count until it is gone. */
  readonly deleting: boolean
  /** Its request of the resource pidguard.io/pids, by which the scheduler counts it; absent where it has none. */
  readonly requested?: Pids
  /** Its kubelet refused it before it ran: the node offered less than the scheduler thought. Absent in all others. */
  readonly isOutOfPids?: boolean
  /** What its program runs on, as far as it tells; absent: it does not, or was not asked (only `top` and `recommend` ask). */
  readonly runtime?: RuntimeSign
  /** Since when its Ready condition is true, once it is bound; undefined while it is not. */
  readonly readySince?: Millis | undefined
  /** Where it may land, while it is not bound: its need counts on these nodes. With a nominated node, that node. */
  readonly placement?: Placement | undefined
  /** The scheduler reports that it fits no node, for reasons other than PIDs, while it is not bound. */
  readonly isUnschedulable?: boolean | undefined
  /** Of its priority class, while it is not bound. */
  readonly priority?: number | undefined
  /** Has scheduling gates: the scheduler does not bind it before they are removed. */
  readonly isGated?: boolean | undefined
  /** The node whose binding `pidguard` refused last, from the scheduler's message, while the pod is not bound. */
  readonly refusedBy?: string | undefined
}
