import type { Pids } from '../../lib/units.ts'
import { wholePods } from '../ceiling-account.ts'
import type { CandidateSet, CandidateSets } from '../ledger/candidate-sets.ts'
import type { NodeEntry } from '../ledger/entries.ts'
import type { WaitingGroup } from '../ledger/waiting-pods.ts'

/*
 * Admitted pods that are on no node yet.
 *
 * They will take room, and nobody knows where. Counting them on every node they may land on would let one burst close
 * the whole cluster; counting them nowhere would let any burst through. So a pod fits when all of them and the pod
 * itself can be put on nodes at once, each where it may land, without any node going below the floor. What is admitted
 * therefore always had a place for everybody: on one node of room for ten, the eleventh is refused however fast they
 * come.
 *
 * Waiting pods are put first, those with the fewest nodes first and on nodes the new pod cannot use where they may go
 * there: that leaves the new pod the most. The scheduler may put them elsewhere; then a binding finds its node full and
 * the pod waits, which is what `pid-binding` is for. A pod that is larger than the room of any of its nodes takes none: it
 * must not hold up what fits. One that only lost its place to others still asks for it, here if it may come here.
 *
 * Of their floors nothing is known here. They are put under that of the pod that asks, and only where this leaves them
 * none into what it keeps free: theirs may be lower.
 *
 * A waiting pod may also go to a node of which nothing is known. It is put on those that are, since they may be all it
 * finds; but where the new pod finds room without such pods, it is not known to have none. The same holds for pods of more
 * placements than can be looked into within a review.
 */

/** PIDs free on a node under the floor asked for; undefined when not known well enough to promise them. */
export type FreeOn = (node: NodeEntry) => Pids | undefined

export interface Others {
  /** Groups of waiting pods, without the pod that asks. */
  readonly groups: readonly WaitingGroup[]
  readonly pids: Pids
  readonly largest: Pids
}

/**
 * A quick yes: whether they fit even if every waiting pod came to these nodes. Filled one pod after the other, a node
 * is only passed over when less than the largest pod is left on it; so unless all nodes are filled up to that, the last
 * pod has found its place. Usually the first node looked at is enough.
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

/** Steps spent on putting waiting pods; a millisecond or two. Where the others will be is not known then. */
const mostSteps = 50_000

/** Nodes looked at to find where waiting pods may go, beside the sets that are remembered; half a millisecond. */
const mostLooks = 20_000

/** What nodes have free, as the pod that asks is to see them. */
export interface Frees {
  /** Under the floor asked for. */
  readonly sure: FreeOn
  /** Without any floor. */
  readonly bare: FreeOn
}

/** How many of the pods asked for find room, up to all of them. */
export interface Room {
  /** When the waiting ones are put first. */
  readonly pods: number
  /** The same when those of which that is not known go elsewhere. */
  readonly mostPods: number
  /** A node not known where they may go; undefined also when there were too many to look into. */
  readonly doubt: NodeEntry | undefined
}

/** For none, whatever the others do. */
export const noRoom: Room = { pods: 0, mostPods: 0, doubt: undefined }

type Located = WaitingGroup & Pick<CandidateSet<NodeEntry>, 'nodes'>

/** How many of the pods find room beside the waiting ones. */
export function roomBeside(
  set: CandidateSet<NodeEntry>,
  pids: Pids,
  pods: number,
  others: Others,
  candidates: CandidateSets<NodeEntry>,
  frees: Frees
): Room {
  // Of full nodes, nobody need know who else waits for them.
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

/** The groups with their nodes, the fewest first, and those whose nodes it would take too long to find. */
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
  // Only now: what is found is remembered in the place of something else.
  const limit = candidates.looked + mostLooks
  for (const group of others) {
    if (candidates.looked < limit || candidates.isAtHand(group.placement)) locate(group)
    else lost.push(group)
  }
  groups.sort((a, b) => a.nodes.length - b.nodes.length || b.pids - a.pids)
  return { groups, lost }
}

/** Whether all is known of the nodes where waiting pods may go. */
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

/** One way to put waiting pods on nodes. */
class Packing {
  readonly #set: CandidateSet<NodeEntry>
  /** The nodes of the set, where some group has others. */
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

  /** False when that would take too long: they are left. */
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

  /** They are taken to come to the nodes of the pod that asks, wherever there is room. */
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
