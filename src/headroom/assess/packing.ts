import type { Pids } from '../../lib/units.ts'
import type { CandidateSet, CandidateSets } from '../ledger/candidate-sets.ts'
import type { NodeEntry } from '../ledger/entries.ts'
import { mayLand } from '../ledger/may-land.ts'
import type { WaitingGroup } from '../ledger/waiting-pods.ts'
import { Doubts, type Frees, type Located, Packing } from './one-packing.ts'
import type { Others } from './quick-fit.ts'

/*
 * Waiting pods: admitted, and without a node.
 *
 * They will take room, but we do not know where. Counting them on every node they may land on would let one burst close
 * the whole cluster; counting them nowhere would let any burst through. So a pod fits when the waiting pods and the pod
 * itself can all be placed at once, each on a node it may land on, without any node going below the floor. On a node with
 * room for ten, the eleventh pod is refused however fast they come.
 *
 * Waiting pods are placed first, those with the fewest nodes first, and on nodes the asking pod cannot use where possible:
 * that leaves the asking pod the most room. The scheduler may place them elsewhere; then a binding finds its node full and
 * the pod waits, which is what `pid-binding` is for.
 *
 * Ignore waiting pods that fit no node at all. A waiting pod that no longer fits because of other waiting pods still
 * counts against the asking pod's nodes if it could land there.
 *
 * We do not know the waiting pods' floors. Place them under the asking pod's floor first; only if that leaves no node,
 * place them into the reserve, since their floor may be lower.
 *
 * A waiting pod may also go to a node that is not known. Place it on known nodes, because they may be the only ones it
 * gets; but if the asking pod would fit without such pods, the answer is unknown, not full. Waiting pods with more placements
 * than a review can compute count on the nodes of the asking pod, unless they may land on none of these: else a tenant who makes enough of them switches the check off.
 * Those of another namespace keep no more than its share there (see claims.ts).
 */

/** The most pods of a demand that are placed before the waiting ones, each on the tightest node. Own choice: a millisecond. */
const mostFirst = 20

/** The most nodes tested to find where waiting pods may land, beside the remembered sets; half a millisecond. */
const mostLooks = 20_000

/** How many pods of the demand find room, up to all of them. */
export interface Room {
  /** When all waiting pods are placed first. */
  readonly pods: number
  /** When only those waiting pods are placed whose nodes are all known. */
  readonly mostPods: number
  /** A node that is not known and that they may go to. */
  readonly doubt: NodeEntry | undefined
}

/** Room for no pod, whatever happens to the waiting pods. */
export const noRoom: Room = { pods: 0, mostPods: 0, doubt: undefined }

/** How many pods of the demand find room beside the waiting ones. */
export function roomBeside(
  set: CandidateSet<NodeEntry>,
  pids: Pids,
  pods: number,
  others: Others,
  candidates: CandidateSets<NodeEntry>,
  frees: Frees
): Room {
  // No node has room even alone: skip the packing.
  if (!set.nodes.some((node) => (frees.sure(node) ?? 0) >= pids)) return noRoom
  const { groups, lost: unseen } = located(others.groups, candidates)
  const lost = meeting(set, unseen)
  const own = groups.every(({ nodes }) => nodes === set.nodes) ? undefined : new Set(set.nodes)
  const packing = new Packing(set, own, frees)
  for (const group of lost) packing.leaveUnseen(group)
  const placed = groups.filter((group) => packing.put(group))
  const room = packing.roomFor(pids, pods)
  if (room >= pods) return { pods: room, mostPods: room, doubt: undefined }
  if (lost.length === 0 && packing.isCheap && pods <= mostFirst) {
    // First fit depends on the order of nodes. With the asking pods placed first, the waiting ones may all still fit.
    const other = new Packing(set, own, frees)
    if (other.takes(pids, pods) && groups.every((group) => other.put(group)) && other.hasPlacedAll) {
      return { pods, mostPods: pods, doubt: undefined }
    }
  }
  const doubts = new Doubts(frees)
  const doubtful = new Set(placed.filter(({ nodes }) => !doubts.isKnown(nodes)))
  if (doubtful.size === 0) return { pods: room, mostPods: room, doubt: undefined }
  const most = new Packing(set, own, frees)
  for (const group of lost) most.leaveUnseen(group)
  for (const group of groups) if (!doubtful.has(group)) most.put(group)
  return { pods: room, mostPods: most.roomFor(pids, pods), doubt: doubts.example }
}

/** Those of the groups that may land on one of the nodes; of groups that would take too long to look into, each. */
function meeting({ nodes }: CandidateSet<NodeEntry>, groups: readonly WaitingGroup[]): readonly WaitingGroup[] {
  let looked = 0
  return groups.filter(({ placement }) => {
    if (looked > mostLooks) return true
    return nodes.some(({ facts }) => {
      looked++
      return facts !== undefined && mayLand(placement, facts)
    })
  })
}

/** The groups with their nodes, those with the fewest first; `lost` are those whose nodes would take too long to find. */
function located(
  all: readonly WaitingGroup[],
  candidates: CandidateSets<NodeEntry>
): { readonly groups: readonly Located[]; readonly lost: readonly WaitingGroup[] } {
  const groups: Located[] = []
  const lost: WaitingGroup[] = []
  const locate = (group: WaitingGroup): void => {
    groups.push({ ...group, nodes: candidates.of(group.placement).nodes })
  }
  const others = all.filter((group) => {
    const isAtHand = candidates.isAtHand(group.placement)
    if (isAtHand) locate(group)
    return !isAtHand
  })
  // After the remembered sets: computing a set may push a remembered one out.
  const limit = candidates.looked + mostLooks
  for (const group of others) {
    if (candidates.looked < limit || candidates.isAtHand(group.placement)) locate(group)
    else lost.push(group)
  }
  groups.sort((a, b) => a.nodes.length - b.nodes.length || b.pids - a.pids)
  return { groups, lost }
}
