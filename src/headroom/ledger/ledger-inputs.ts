import type { Placement } from '../../kubernetes/placement/placement.ts'
import type { PodGroup } from '../../kubernetes/pods/pod-groups.ts'
import type { Pids } from '../../lib/units.ts'
import type { NodeFacts, PodFacts, WorkloadName } from '../../model/cluster-objects.ts'
import type { NodeReading } from '../../model/node-reading.ts'

/** What the ledger reads of a Node. */
export type LedgerNode = Pick<
  NodeFacts,
  'name' | 'uid' | 'labels' | 'taints' | 'unschedulable' | 'offered' | 'createdAt'
>

/** What the ledger reads of a Pod that the API server holds. */
export type LedgerPod = PodFacts

/** What the ledger reads of a node's report of its tasks. */
export type LedgerReading = Pick<
  NodeReading,
  'node' | 'at' | 'host' | 'kubepods' | 'pods' | 'nearLimits' | 'withoutCeiling'
> &
  Partial<Pick<NodeReading, 'podLimits' | 'gaps'>>

/** A pod just admitted. */
export interface Admitted {
  /** The API server has given the uid before validating webhooks are called. */
  readonly uid: string
  readonly namespace: string
  readonly workload: WorkloadName
  readonly pids: Pids
  readonly placement: Placement
  readonly group?: PodGroup | undefined
  /** The address that asked; undefined: the request is believed, empty: it is not, see `Callers`. */
  readonly caller?: string | undefined
}
