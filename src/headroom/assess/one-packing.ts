import type { Pids } from '../../lib/units.ts'
import { wholePods } from '../ceiling-account.ts'
import type { CandidateSet } from '../ledger/candidate-sets.ts'
import type { NodeEntry } from '../ledger/entries.ts'
import type { WaitingGroup } from '../ledger/waiting-pods.ts'
import { type FreeOn, fitsAtOnce, type Others } from './quick-fit.ts'

/** The most steps spent on placing waiting pods; a millisecond or two. The rest of them are not placed. */
const mostSteps = 50_000

/** Free PIDs of nodes as the asking pod sees them. */
export interface Frees {
  /** Above the floor of the demand. */
  readonly sure: FreeOn
  /** Without any floor. */
  readonly bare: FreeOn
}

/** A group with the nodes it may land on. */
export type Located = WaitingGroup & Pick<CandidateSet<NodeEntry>, 'nodes'>

/**
 * Whether so few of the nodes are not known that the answer is that of the others: up to 2 %, so of fifty or more. Else one
 * kubelet that cannot be read would let every pod onto a full fleet of a thousand. Own choice.
 */
export function mayIgnore(unknown: number, nodes: number): boolean {
  return unknown <= nodes * 0.02
}

/** Whether the nodes that waiting pods may land on are known, all but a few. */
export class Doubts {
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
    const unknown = nodes.filter((node) => this.#frees.bare(node) === undefined)
    const isKnown = mayIgnore(unknown.length, nodes.length)
    if (!isKnown) this.example ??= unknown[0]
    this.#known.set(nodes, isKnown)
    return isKnown
  }
}

/** One placement of waiting pods on nodes. */
export class Packing {
  readonly #set: CandidateSet<NodeEntry>
  /** The nodes of the set; undefined when every group has exactly these nodes. */
  readonly #own: ReadonlySet<NodeEntry> | undefined
  readonly #frees: Frees
  readonly #taken = new Map<NodeEntry, Pids>()
  #leftOver: Pick<Others, 'pids' | 'largest'> = { pids: 0, largest: 0 }
  /** Some waiting pod was placed below the floor of the demand. */
  #usesReserve = false
  #steps = 0
  /** Of any node of the set, without any floor; undefined: not asked yet. */
  #mostFree: Pids | undefined

  constructor(set: CandidateSet<NodeEntry>, own: ReadonlySet<NodeEntry> | undefined, frees: Frees) {
    this.#set = set
    this.#own = own
    this.#frees = frees
  }

  /** Half of the steps are left for another try. */
  get isCheap(): boolean {
    return this.#steps * 2 <= mostSteps
  }

  /** Every waiting pod that fits some node has a place, and none of them is below the floor. */
  get hasPlacedAll(): boolean {
    return this.#leftOver.pids === 0 && !this.#usesReserve
  }

  /** Places each of the asking pods on the node where it leaves the least. False when one finds none. */
  takes(pids: Pids, pods: number): boolean {
    for (let placed = 0; placed < pods; placed++) {
      let tightest: NodeEntry | undefined
      let least: Pids = Number.POSITIVE_INFINITY
      for (const node of this.#set.nodes) {
        const left = (this.#frees.sure(node) ?? Number.NEGATIVE_INFINITY) - this.#takenOn(node)
        if (left >= pids && left < least) [tightest, least] = [node, left]
      }
      if (tightest === undefined) return false
      this.#taken.set(tightest, this.#takenOn(tightest) + pids)
    }
    return true
  }

  /** Places a group. False when that would take too long: then it is left. */
  put(group: Located): boolean {
    if (this.#steps > mostSteps) {
      this.leaveUnseen(group)
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
          if (free === this.#frees.bare) this.#usesReserve = true
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

  /** The same of pods whose nodes would take too long to find, but for those that are too large for any of these nodes. */
  leaveUnseen(group: Pick<WaitingGroup, 'pids' | 'count'>): void {
    this.#mostFree ??= this.#set.nodes.reduce((most, node) => Math.max(most, this.#frees.bare(node) ?? 0), 0)
    if (group.pids <= this.#mostFree) this.leave(group)
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
