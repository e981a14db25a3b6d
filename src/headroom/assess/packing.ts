import type { Pids } from '../../lib/units.ts'
import { wholePods } from '../ceiling-account.ts'
import type { CandidateSet, CandidateSets } from '../ledger/candidate-sets.ts'
import type { NodeEntry } from '../ledger/entries.ts'
import type { WaitingGroup } from '../ledger/waiting-pods.ts'

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
 * gets; but if the asking pod would fit without such pods, the answer is unknown, not full. The same holds for waiting
 * pods with more placements than a review can compute.
 */

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

/** The most steps spent on placing waiting pods; a millisecond or two. The rest of them are not placed. */
const mostSteps = 50_000

/** The most nodes tested to find where waiting pods may land, beside the remembered sets; half a millisecond. */
const mostLooks = 20_000

/** Free PIDs of nodes as the asking pod sees them. */
export interface Frees {
  /** Above the floor of the demand. */
  readonly sure: FreeOn
  /** Without any floor. */
  readonly bare: FreeOn
}

/** How many pods of the demand find room, up to all of them. */
export interface Room {
  /** When all waiting pods are placed first. */
  readonly pods: number
  /** When only those waiting pods are placed whose nodes are all known. */
  readonly mostPods: number
  /** A node that is not known and that they may go to; undefined also when there were too many to compute. */
  readonly doubt: NodeEntry | undefined
}

/** Room for no pod, whatever happens to the waiting pods. */
export const noRoom: Room = { pods: 0, mostPods: 0, doubt: undefined }

type Located = WaitingGroup & Pick<CandidateSet<NodeEntry>, 'nodes'>

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
  const { groups, lost } = located(others.groups, candidates)
  const own = groups.every(({ nodes }) => nodes === set.nodes) ? undefined : new Set(set.nodes)
  const packing = new Packing(set, own, frees)
  for (const group of lost) packing.leave(group)
  const placed = groups.filter((group) => packing.put(group))
  const room = packing.roomFor(pids, pods)
  if (room >= pods) return { pods: room, mostPods: room, doubt: undefined }
  const doubts = new Doubts(frees)
  const known = placed.filter(({ nodes }) => doubts.isKnown(nodes))
  if (known.length === others.groups.length) return { pods: room, mostPods: room, doubt: undefined }
  const most = new Packing(set, own, frees)
  for (const group of known) most.put(group)
  return { pods: room, mostPods: most.roomFor(pids, pods), doubt: doubts.example }
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

/** Whether all nodes that waiting pods may land on are known. */
class Doubts {
  readonly #frees: Frees
  readonly #known = new Map<readonly NodeEntry[], boolean>()
  #steps = 0
  /** A node that is not known. */
  example: NodeEntry | undefined

  constructor(frees: Frees) {
    this.#frees = frees
  }

  /** False also when finding out would take too long. */
  isKnown(nodes: readonly NodeEntry[]): boolean {
    const held = this.#known.get(nodes)
    if (held !== undefined) return held
    if (this.#steps > mostSteps) return false
    this.#steps += nodes.length
    const unknown = nodes.find((node) => this.#frees.bare(node) === undefined)
    this.example ??= unknown
    this.#known.set(nodes, unknown === undefined)
    return unknown === undefined
  }
}

/** One placement of waiting pods on nodes. */
class Packing {
  readonly #set: CandidateSet<NodeEntry>
  /** The nodes of the set; undefined when every group has exactly these nodes. */
  readonly #own: ReadonlySet<NodeEntry> | undefined
  readonly #frees: Frees
  readonly #taken = new Map<NodeEntry, Pids>()
  #leftOver: Pick<Others, 'pids' | 'largest'> = { pids: 0, largest: 0 }
  #steps = 0

  constructor(set: CandidateSet<NodeEntry>, own: ReadonlySet<NodeEntry> | undefined, frees: Frees) {
    this.#set = set
    this.#own = own
    this.#frees = frees
  }

  /** Places a group. False when that would take too long: then it is left. */
  put(group: Located): boolean {
    if (this.#steps > mostSteps) {
      this.leave(group)
      return false
    }
    const { nodes, pids, count } = group
    const isSame = nodes === this.#set.nodes
    let still = count
    let isPossible = false
    for (const free of [this.#frees.sure, this.#frees.bare]) {
      for (const isOwn of isSame ? [true] : [false, true]) {
        for (const node of nodes) {
          if (still === 0) return true
          this.#steps++
          if (!isSame && this.#own?.has(node) !== isOwn) continue
          const room = free(node) ?? 0
          if (isOwn && room >= pids) isPossible = true
          const put = Math.min(still, wholePods(room - this.#takenOn(node), pids))
          if (put === 0) continue
          still -= put
          this.#taken.set(node, this.#takenOn(node) + put * pids)
        }
      }
    }
    if (isPossible) this.leave({ pids, count: still })
    return true
  }

  /** Pods without a place: they are assumed to land on the asking pod's nodes. */
  leave({ pids, count }: Pick<WaitingGroup, 'pids' | 'count'>): void {
    if (count === 0) return
    const { pids: before, largest } = this.#leftOver
    this.#leftOver = { pids: before + pids * count, largest: Math.max(largest, pids) }
  }

  roomFor(pids: Pids, pods: number): number {
    const left = (node: NodeEntry): Pids | undefined => {
      const room = this.#frees.sure(node)
      return room === undefined ? undefined : room - this.#takenOn(node)
    }
    if (this.#leftOver.pids > 0) return fitsAtOnce(this.#set, pids, pods, this.#leftOver, left) ? pods : 0
    let room = 0
    for (const node of this.#set.nodes) {
      room += wholePods(left(node) ?? 0, pids)
      if (room >= pods) return pods
    }
    return room
  }

  #takenOn(node: NodeEntry): Pids {
    return this.#taken.get(node) ?? 0
  }
}
