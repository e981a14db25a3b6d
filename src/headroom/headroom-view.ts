import type { Placement } from '../kubernetes/placement/placement.ts'
import type { Maker } from '../kubernetes/placement/tolerations.ts'
import type { PodGroup } from '../kubernetes/pods/pod-groups.ts'
import type { PodSpec } from '../kubernetes/types.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { WorkloadName } from '../model/cluster-objects.ts'
import type { Floor } from '../policy/settings.ts'
import type { NodeAccount } from './ceiling-account.ts'
import type { ObservedPeak } from './ledger/peaks/observed-pods.ts'

/** Pods that ask for room on some node. */
export interface Demand {
  readonly placement: Placement
  /** The tasks of one pod. */
  readonly pids: Pids
  readonly pods: number
  /** The pod itself, where there is one: it may be on the ledger already and must not count against itself. */
  readonly uid: string | undefined
  /** The group that the pods are of: what is kept for those of it that are to come does not count against them. */
  readonly group?: PodGroup | undefined
  readonly floor: Floor
  /** A reading older than this is unknown. */
  readonly maxAge: Millis
  /** undefined: what others claim counts in full. */
  readonly isolation?: Isolation | undefined
  /**
   * The binding of the pods is checked too. So pods that are told to end count with what they hold, also those that may still grow: they
   * end within moments, and a pod that is admitted in vain waits for as long.
   */
  readonly isCheckedAgain?: boolean
}

/**
 * Bounds what others can keep from a pod of this namespace by what they say they need: a claim is an estimate, or the part
 * of it that is not observed. Of the PIDs that are free without claims, each other namespace keeps at most `share`, and so do
 * all requests together that the API server has not shown stored. Once for pods on nodes, once for pods without a node. The
 * claims of its own namespace count in full.
 */
export interface Isolation {
  readonly namespace: string
  /** Between 0 and 1. */
  readonly share: number
  /**
   * Only where the claims of the pods on a node are by themselves more than it could ever hold: then some landed there unchecked. Pods whose bindings
   * were checked had the room they claim, and keep it, as requests do.
   */
  readonly onlyBeyond?: boolean
}

/** There is room for all pods of the demand, beside every pod that is admitted and not bound yet. */
export interface Fits {
  readonly verdict: 'fits'
}

/** No node matches the placement. That has nothing to do with PIDs; the scheduler reports why. */
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

/** No node is known to have room, and not every node is known to be full. */
export interface Unknown {
  readonly verdict: 'unknown'
  readonly why: UnknownReason
  /**
   * Nodes the pods may land on, and how many of those are not known. 0 unknown: the result depends on waiting pods, which
   * may go to another node that is not known.
   */
  readonly nodes: number
  readonly unknown: number
  /** A node that is not known. */
  readonly node: string | undefined
}

/** Every node the pods may land on is known, fresh, and too full, given the waiting pods. */
export interface Full {
  readonly verdict: 'full'
  readonly nodes: number
  /** Of these nodes, those that are not known: so few that they do not matter. */
  readonly unknown: number
  /** How many pods of the demand would still fit; always fewer than all. */
  readonly room: number
  /** The node with the most free PIDs. */
  readonly best: NodeAccount
  /** Pods that are admitted and not bound yet: they need the same room. */
  readonly waiting: { readonly pods: number; readonly pids: Pids }
  /** PIDs set aside for pods that other replicas may be admitting now, on the best node or without a node. */
  readonly setAside: Pids
  /** Node by node, the freest first; not more than 100. */
  accounts(): readonly NodeAccount[]
}

export type Assessment = Fits | Nowhere | Unknown | Full

/** One pod on each node, as a DaemonSet creates them. */
export interface EachAssessment {
  readonly nodes: number
  readonly full: number
  readonly unknown: number
  /** The fullest known node that has no room; undefined when there is none. */
  readonly worst: NodeAccount | undefined
}

export interface BudgetDemand extends Pick<Demand, 'placement' | 'pids' | 'pods' | 'uid' | 'group' | 'maxAge'> {
  readonly namespace: string
  /** The most its pods may commit on one node, and in all. */
  readonly perNode: Pids | undefined
  readonly total: Pids | undefined
}

export interface OverBudget {
  readonly budget: 'perNode' | 'total'
  readonly limit: Pids
  /** What the namespace has committed without these pods: in all, or on the candidate node where that is least. */
  readonly committed: Pids
  /** Estimates of its pods that are not bound yet. */
  readonly waiting: Pids
  /** PIDs set aside for pods of the namespace that other replicas may be admitting now. */
  readonly setAside: Pids
  readonly nodes: number
  /** False where the result depends on readings that are too old. */
  readonly isCertain: boolean
}

/** The pods of one workload, in figures. */
export interface WorkloadUse {
  /** The estimate of its pod that changed last. */
  readonly estimate: Pids
  readonly placement: Placement
  /** Its pods that have not ended: they count already. */
  readonly live: number
  /** Its pods that are about to end, and hold tasks until they have. */
  readonly ending: number
}

/** What rules read of the headroom: the whole fleet at one moment. Read-only for callers; expired reservations are dropped first. */
export interface HeadroomView {
  placementOf(podSpec: PodSpec, maker?: Maker): Placement
  /** Whether the pods find room on the nodes they may land on. */
  assess(demand: Demand): Assessment
  /** Whether one pod finds room on the node that was chosen for it; pods without a node do not count there. */
  assessNode(node: string, demand: Omit<Demand, 'placement' | 'pods'>): Assessment
  /**
   * For pods that come at some time: the node that would hold the most, where the limits of all nodes they may land on are
   * known and even an empty one is too small. undefined where one could hold such a pod, or may.
   */
  tooSmall(demand: Pick<Demand, 'placement' | 'pids' | 'floor'>): NodeAccount | undefined
  assessEach(demand: Omit<Demand, 'pods' | 'uid'>): EachAssessment
  /**
   * For the pods of a template: a node that they may land on if their admission adds tolerations, and that has room for
   * one of them or is not known.
   */
  behindTaints(demand: Demand): string | undefined
  /**
   * Whether the scheduler counts PIDs for such a pod: `yes`: a node it may land on offers pidguard.io/pids, and so do all, or
   * are new. `later`: there is no node that it may land on, and all others offer it. `no`: any other.
   */
  offersPids(placement: Placement): 'yes' | 'later' | 'no'
  overBudget(demand: BudgetDemand): readonly OverBudget[]
  /**
   * For how many pods like it there has to be room at once, so that one more of the group is of use; and how many members are
   * there besides and take no room yet: `assess` asks for these as themselves. undefined while it is not known how many the
   * group needs. `uid`: that of the one.
   */
  neededAtOnce(group: PodGroup, uid: string | undefined): { readonly pods: number; readonly idle: number } | undefined
  /** What settled pods of the workload hold, of this template; of the one seen last where it is undefined. */
  observedPeak(namespace: string, workload: WorkloadName, template?: string): ObservedPeak | undefined
  workload(namespace: string, workload: WorkloadName): WorkloadUse | undefined
  /** The estimate of a pod on the ledger; undefined for any other uid. */
  estimateOf(uid: string): Pids | undefined
  /** Its priority, as long as it is not bound; 0 where that is not known. */
  priorityOf(uid: string): number
}
