import type { Pids } from '../../lib/units.ts'
import type { CandidateSet } from '../ledger/candidate-sets.ts'
import type { NodeEntry } from '../ledger/entries.ts'
import type { WaitingGroup } from '../ledger/waiting-pods.ts'

/** PIDs free on a node above the floor of the demand; undefined when the node is not known well enough to promise them. */
export type FreeOn = (node: NodeEntry) => Pids | undefined

/** Waiting pods other than the asking pod. */
export interface Others {
  readonly groups: readonly WaitingGroup[]
  readonly pids: Pids
  readonly largest: Pids
}

/**
 * A quick yes: whether the pods fit even if every waiting pod lands on these nodes. When nodes are filled one pod after
 * the other, a node is passed over only if less than the largest pod is left on it. So if the room above that is larger
 * than all pods before the last, the last pod finds a node. Usually the first node is enough.
 */
export function fitsAtOnce(
  set: CandidateSet<NodeEntry>,
  pids: Pids,
  pods: number,
  others: Pick<Others, 'pids' | 'largest'>,
  free: FreeOn
): boolean {
  const { nodes } = set
  const before = others.pids + pids * (pods - 1)
  const slack = Math.max(pids, others.largest)
  let filled = 0
  for (let step = 0, at = set.hint; step < nodes.length; step++, at++) {
    if (at >= nodes.length) at = 0
    const room = free(nodes[at] as NodeEntry)
    if (room === undefined || room < slack) continue
    if (filled === 0) set.hint = at
    filled += room - slack + 1
    if (filled > before) return true
  }
  return false
}
