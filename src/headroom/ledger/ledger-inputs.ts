import type { NodeFacts, PodFacts } from '../../model/cluster-objects.ts'
import type { NodeReading } from '../../model/node-reading.ts'

/** What the ledger reads of a Node. */
export type LedgerNode = Pick<NodeFacts, 'name' | 'uid' | 'labels' | 'taints' | 'unschedulable'>

/** What the ledger reads of a Pod that the API server holds. */
export type LedgerPod = Omit<PodFacts, 'name'>

/** What the ledger reads of a node's report of its tasks. */
export type LedgerReading = Pick<NodeReading, 'node' | 'at' | 'host' | 'kubepods' | 'pods'>
