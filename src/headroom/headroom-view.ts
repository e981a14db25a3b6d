import type { Placement } from '../kubernetes/placement.ts'
import type { Maker } from '../kubernetes/tolerations.ts'
import type { PodSpec } from '../kubernetes/types.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { WorkloadName } from '../model/cluster-objects.ts'
import type { Floor } from '../policy/settings.ts'
import type { NodeAccount } from './ceiling-account.ts'
import type { ObservedPeak } from './ledger/workload-peaks.ts'

/** Pods that ask for room on some node. */
export interface Demand {
  readonly placement: Placement
  /** The tasks of one pod. */
  readonly pids: Pids
  readonly pods: number
  /** The pod itself where there is one: it may be on the ledger already and must not count against itself. */
  readonly uid: string | undefined
  readonly floor: Floor
  /** A reading older than this is no reading. */
  readonly maxAge: Millis
}

/** There is room for all of them, beside every pod that is admitted and not bound yet. */
export interface Fits {
  readonly verdict: 'fits'
}

/** No node would take them, for reasons that have nothing to do with PIDs; the scheduler says which. */
export interface Nowhere {
  readonly verdict: 'nowhere'
}

export type UnknownReason =
  | 'no reading'
  | 'reading too old'
  | 'ceiling not known'
  | 'node not known'
  | 'too many terms'
  | 'too many waiting pods'
  | 'API server not heard lately'

/** No node is known to have room, and not all are known to have none. */
export interface Unknown {
  readonly verdict: 'unknown'
  readonly why: UnknownReason
  /**
   * Nodes they may land on, and how many of those are not known: none where it hangs on waiting pods, which may go to
   * one that is not.
   */
  readonly nodes: number
  readonly unknown: number
  /** One that is not known. */
  readonly node: string | undefined
}

/** Every node they may land on is known, fresh, and too full, also for whatever is known of the pods that wait. */
export interface Full {
  readonly verdict: 'full'
  readonly nodes: number
  /** Of the pods asked for, those that would still fit; always fewer than all. */
  readonly room: number
  /** The node with the most free PIDs. */
  readonly best: NodeAccount
  /** What else needs the room there is: pods admitted and not bound yet. */
  readonly waiting: { readonly pods: number; readonly pids: Pids }
  /** What is kept for pods that other replicas may have admitted in the same moment, on the best node or on their way. */
  readonly setAside: Pids
  /** Node by node, the freest first; not more than 100. */
  accounts(): readonly NodeAccount[]
}

export type Assessment = Fits | Nowhere | Unknown | Full

/** One pod on each of its nodes, as a DaemonSet makes them. */
export interface EachAssessment {
  readonly nodes: number
  readonly full: number
  readonly unknown: number
  /** The fullest of those that are known; undefined when none is. */
  readonly worst: NodeAccount | undefined
}

export interface BudgetDemand extends Pick<Demand, 'placement' | 'pids' | 'uid' | 'maxAge'> {
  readonly namespace: string
  /** The most its pods may commit on one node, and in all. */
  readonly perNode: Pids | undefined
  readonly total: Pids | undefined
}

export interface OverBudget {
  readonly budget: 'perNode' | 'total'
  readonly limit: Pids
  /** What the namespace has committed without this pod: in all, or on the candidate where it has the least. */
  readonly committed: Pids
  /** Of its pods that are not bound yet, on whichever node they will be. */
  readonly waiting: Pids
  /** What is kept for pods of it that other replicas may have admitted in the same moment, there or on their way. */
  readonly setAside: Pids
  readonly nodes: number
  /** False where it hangs on readings that are too old. */
  readonly isCertain: boolean
}

/** What is known of the pods of one workload. */
export interface WorkloadUse {
  /** What the pod told of last is counted with. */
  readonly estimate: Pids
  readonly placement: Placement
  /** Its pods that are not ended: they count already. */
  readonly live: number
}

/** What rules read of the headroom: one moment of the whole fleet. Asking changes nothing. */
export interface HeadroomView {
  placementOf(podSpec: PodSpec, maker?: Maker): Placement
  /** Whether the pods find room on the nodes they may land on. */
  assess(demand: Demand): Assessment
  /** Whether one pod finds room on the node really chosen; pods that are on no node yet do not count there. */
  assessNode(node: string, demand: Omit<Demand, 'placement' | 'pods'>): Assessment
  assessEach(demand: Omit<Demand, 'pods' | 'uid'>): EachAssessment
  /**
   * Of pods that are a template yet: a node which they may come to once their admission has given them tolerations, and
   * which has room for one of them or is not known.
   */
  behindTaints(demand: Demand): string | undefined
  overBudget(demand: BudgetDemand): readonly OverBudget[]
  /** The highest number of tasks seen lately in one running pod of the workload. */
  observedPeak(namespace: string, workload: WorkloadName): ObservedPeak | undefined
  workload(namespace: string, workload: WorkloadName): WorkloadUse | undefined
  /** What the pod is counted with; undefined for one that is not known. */
  estimateOf(uid: string): Pids | undefined
}
