import type { NodeFacts as NodeOfCache, PodFacts as PodOfCache } from '../../model/cluster-objects.ts'
import type { NodeReading as ReadingOfNode } from '../../model/node-reading.ts'

/** What the ledger wants to know of a Node. */
export type NodeFacts = Pick<NodeOfCache, 'name' | 'uid' | 'labels' | 'taints' | 'unschedulable'>

/** What the ledger wants to know of a Pod that the API server holds. */
export type PodFacts = Omit<PodOfCache, 'name'>

/** What the ledger wants to know of what a node said. */
export type NodeReading = Pick<ReadingOfNode, 'node' | 'at' | 'host' | 'kubepods' | 'pods'>
