import type { Millis, Pids } from '../../lib/units.ts'
import type { Floor } from '../../policy/settings.ts'
import { ceilingAccounts, freeAtMost, type NodeAccount, type NodeFigures, stillToCome } from '../ceiling-account.ts'
import type { Assessment, Demand, Full, Unknown, UnknownReason } from '../headroom-view.ts'
import type { CandidateSet } from '../ledger/candidate-sets.ts'
import type { NodeEntry, PodEntry } from '../ledger/entries.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { claimsOn } from '../ledger/sums.ts'
import type { UnseenPod } from '../ledger/unseen-by-peers.ts'
import type { WaitingGroup } from '../ledger/waiting-pods.ts'
import { boundGroups, type Claim, excessClaims, isOverclaimed, sumsOf, unseenByNode } from './claims.ts'
import { mayIgnore } from './one-packing.ts'
import { type OwnWaiting, ownWaiting, without } from './own-waiting.ts'
import type { Others } from './quick-fit.ts'

/**
 * How long a node that was at its floor when it was read last counts as full without another reading: a node without free
 * PIDs cannot answer. Ten times the usual maxAge. Own choice.
 */
export const longestFull: Millis = 10 * 60_000

const noFloor: Floor = { pids: 0 }

/** A demand without its placement: what one node must hold. */
export type NodeDemand = Omit<Demand, 'placement' | 'pods'>

/** Node figures as seen by one pod: its own reservation is taken out, possible reservations of other replicas are added. */
export class HeadroomQuery {
  readonly #demand: NodeDemand
  /** A node with so much free needs no closer look: that of one pod, until `lookCloser`. */
  #enough: Pids
  readonly #isBounded: boolean
  readonly #ledger: Ledger
  readonly #now: Millis
  /** The asking pod, where it is on the ledger already. */
  readonly #self: PodEntry | undefined
  /** How many other replicas there are; 0 while they have seen everything we have. */
  readonly #peers: number
  /** Claims of pods that other replicas may have bound, by node; computed when they decide. */
  #unseenOn: ReadonlyMap<string, readonly Claim[]> | undefined
  /** The asking pod, where the other replicas may not have seen it yet. */
  readonly #unseenSelf: UnseenPod | undefined
  /** What does not count against the asking pods: the part of the waiting, and the part of those other replicas may not have seen. */
  readonly #own: OwnWaiting

  constructor(demand: NodeDemand, ledger: Ledger, now: Millis, peers: number) {
    this.#demand = demand
    this.#enough = demand.pids
    this.#isBounded = demand.isolation !== undefined
    this.#ledger = ledger
    this.#now = now
    this.#self = demand.uid === undefined ? undefined : ledger.pod(demand.uid)
    this.#peers = ledger.unseen.size === 0 ? 0 : peers
    this.#unseenSelf = demand.uid === undefined ? undefined : ledger.unseen.get(demand.uid)
    this.#own = ownWaiting(demand, ledger, this.#peers)
  }

  /** From now on claims are bounded wherever that may decide beside the waiting pods, and for that many pods. */
  lookCloser(pods: number): void {
    this.#enough = this.#demand.pids * pods + this.waiting.pids
  }

  /** Free PIDs at most; undefined without a fresh reading. */
  readonly atMost = (node: NodeEntry): Pids | undefined => this.#atMost(node, this.#demand.floor)

  /** Room to set aside for other replicas, assuming each bound as much to this node as we did and we have not seen it yet. */
  setAsideOn({ name }: NodeEntry): Pids {
    if (this.#peers === 0) return 0
    const own = this.#unseenSelf?.node === name ? this.#unseenSelf.pids : 0
    return this.#peers * (this.#ledger.unseen.on(name) - own)
  }

  /** The same for pods without a node. */
  get setAside(): Pids {
    return this.#peers === 0 ? 0 : this.#peers * (this.#ledger.unseen.waiting.pids - sumsOf(this.#own.unseen).pids)
  }

  /** Free PIDs for certain: undefined also when one of the ceilings is not known. */
  readonly sure = (node: NodeEntry): Pids | undefined => (node.isWhole ? this.atMost(node) : undefined)

  /** The same without any floor: other pods may have a lower one. */
  readonly bare = (node: NodeEntry): Pids | undefined => (node.isWhole ? this.#atMost(node, noFloor) : undefined)

  /** The sum over waiting pods, without the asking ones, and with those that other replicas may have admitted. */
  get waiting(): Pick<Others, 'pids' | 'largest'> {
    const { pids, largest } = this.#ledger.waiting
    const idle = sumsOf(this.#own.idle)
    const rest = pids - sumsOf(this.#own.known).pids + this.setAside + idle.pids
    if (rest === 0) return { pids: 0, largest: 0 }
    const unseen = this.#peers === 0 ? 0 : this.#ledger.unseen.waiting.largest
    return { pids: rest, largest: Math.max(largest, idle.largest, unseen) }
  }

  /**
   * The waiting pods in groups, without the asking ones, and with those that other replicas may have admitted; of other
   * namespaces no more than their share of the nodes' room.
   */
  others(nodes: readonly NodeEntry[]): Others {
    const { groups, ...sums } = this.#allOthers()
    const { isolation } = this.#demand
    if (isolation === undefined || sums.pids === 0) return { groups, ...sums }
    let room = 0
    for (const node of nodes) room += Math.max(0, this.sure(node) ?? 0)
    const bounded = boundGroups(groups, isolation, room)
    return { groups: bounded, ...sumsOf(bounded) }
  }

  #allOthers(): Others {
    const groups = [...without([...this.#ledger.waiting.groups], this.#own.known), ...this.#own.idle]
    if (this.#peers === 0) return { groups, ...this.waiting }
    const unseen = without([...this.#ledger.unseen.waiting.groups], this.#own.unseen)
    const doubles = unseen.map((group) => ({ ...group, count: group.count * this.#peers }))
    return { groups: [...groups, ...doubles], ...this.waiting }
  }

  /** No room was found: the answer is `full` when every node is known, else `unknown`. */
  shortage({ nodes }: CandidateSet<NodeEntry>, room: number, others: Others): Assessment {
    let unknown = 0
    let example: NodeEntry | undefined
    let best = nodes[0] as NodeEntry
    let most: Pids = Number.NEGATIVE_INFINITY
    for (const node of nodes) {
      const free = this.atMost(node)
      if (free === undefined || (!node.isWhole && free >= this.#demand.pids)) {
        unknown++
        example ??= node
      } else if (free > most) [best, most] = [node, free]
    }
    if (example !== undefined && !mayIgnore(unknown, nodes.length)) {
      return { verdict: 'unknown', why: this.#whyUnknown(example), nodes: nodes.length, unknown, node: example.name }
    }
    // For a node that is chosen already, pods without a node do not count.
    const areAsked = others.groups.length > 0
    return {
      verdict: 'full',
      nodes: nodes.length,
      unknown,
      room,
      best: this.account(best),
      waiting: areAsked ? this.#knownWaiting : { pods: 0, pids: 0 },
      setAside: this.setAsideOn(best) + (areAsked ? this.setAside : 0),
      accounts: () => this.#freest(nodes).map((node) => this.account(node))
    }
  }

  /** The waiting pods we know of, without the asking ones. */
  get #knownWaiting(): Full['waiting'] {
    const { pods, pids } = this.#ledger.waiting
    const { known, idle } = this.#own
    return {
      pods: pods - countOf(known) + countOf(idle),
      pids: pids - sumsOf(known).pids + sumsOf(idle).pids
    }
  }

  /** The node's figures against the floor of the demand. */
  account(node: NodeEntry): NodeAccount {
    const free = this.#claimed(node, this.#demand.floor)
    const relief = free === undefined ? 0 : this.#reliefOn(node, free)
    const { host, kubepods, seen, unattributed, name, readingAt } = node
    const pending = Math.max(0, node.pending - relief - this.#endingOn(node))
    return accountOf({ name, readingAt, host, kubepods, seen, pending, unattributed }, this.#demand.floor, this.#now)
  }

  /** There would be room without waiting pods, and these may go to a node that is not known. */
  undecided({ nodes }: CandidateSet<NodeEntry>, node: NodeEntry | undefined): Unknown {
    const why = node === undefined ? 'too many waiting pods' : this.#whyUnknown(node)
    return { verdict: 'unknown', why, nodes: nodes.length, unknown: 0, node: node?.name }
  }

  #atMost(node: NodeEntry, floor: Floor): Pids | undefined {
    const free = this.#claimed(node, floor)
    if (free === undefined || free >= this.#enough || !this.#isBounded) return free
    return free + this.#reliefOn(node, free)
  }

  /** PIDs of the node that others claim beyond their share; only where they decide. */
  #reliefOn(node: NodeEntry, free: Pids): Pids {
    const { isolation, pids } = this.#demand
    const own = this.#self?.node === node ? this.#self.pending : 0
    const claims = node.pending - own - this.#endingOn(node) + this.setAsideOn(node)
    // There is room in any case, or there is none even without claims.
    if (isolation === undefined || claims === 0 || free >= this.#enough || free + claims < pids) return 0
    if (isolation.onlyBeyond && !isOverclaimed(node)) return 0
    const room = free + claims
    const onNode = claimsOn(node)
    const { found } = onNode
    if (found?.by === this && found.room === room) return found.excess
    this.#unseenOn ??= unseenByNode(this.#ledger, this.#peers, this.#demand.uid)
    const claimed = excessClaims(node, this.#unseenOn.get(node.name) ?? [], isolation, room, this.#self)
    // What is in use already is no claim.
    const excess = Math.min(claimed, stillToCome(node) - this.#endingOn(node) + this.setAsideOn(node))
    onNode.found = { by: this, room, excess }
    return excess
  }

  /** Free PIDs with all claims counted in full. */
  #claimed(node: NodeEntry, floor: Floor): Pids | undefined {
    const age = this.#now - node.readingAt
    // A reading from the future: the clock jumped. It is as unreliable as one that is as old.
    const isOld = age > this.#demand.maxAge || -age > this.#demand.maxAge
    if (isOld && !(age >= 0 && age <= longestFull)) return undefined
    const free = freeAtMost(node, floor)
    if (free === undefined) return undefined
    // A node at its floor may be silent because it has no PIDs left to answer with.
    if (isOld && (freeAtMost(node, this.#demand.floor) ?? 0) > 0) return undefined
    return free + (this.#self?.node === node ? this.#self.pending : 0) + this.#endingOn(node) - this.setAsideOn(node)
  }

  /** What pods that are told to end may still take, where it does not count. */
  #endingOn(node: NodeEntry): Pids {
    return this.#demand.isCheckedAgain ? Math.min(node.pendingOfEnding, stillToCome(node)) : 0
  }

  #whyUnknown({ readingAt }: NodeEntry): UnknownReason {
    if (readingAt === Number.NEGATIVE_INFINITY) return 'no reading'
    return Math.abs(this.#now - readingAt) > this.#demand.maxAge ? 'reading too old' : 'ceiling not known'
  }

  /** The freest nodes first. One pass with a short list: sorting 5,000 nodes would take longer than the whole review. */
  #freest(nodes: readonly NodeEntry[]): NodeEntry[] {
    const freest: { readonly node: NodeEntry; readonly free: Pids }[] = []
    for (const node of nodes) {
      const free = this.atMost(node) ?? Number.NEGATIVE_INFINITY
      if (freest.length === mostAccounts && free <= (freest.at(-1)?.free ?? 0)) continue
      let at = freest.length
      while (at > 0 && (freest[at - 1]?.free ?? 0) < free) at--
      freest.splice(at, 0, { node, free })
      if (freest.length > mostAccounts) freest.pop()
    }
    return freest.map(({ node }) => node)
  }
}

function countOf(groups: readonly WaitingGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0)
}

/** The most nodes listed in the log line of one denial: 100 take some 15 KB. Own choice. */
const mostAccounts = 100

/** Both ceilings of one node against a floor. */
export function accountOf(
  node: NodeFigures & Pick<NodeEntry, 'name' | 'readingAt'>,
  floor: Floor,
  now: Millis
): NodeAccount {
  const age = node.readingAt === Number.NEGATIVE_INFINITY ? undefined : now - node.readingAt
  return { node: node.name, ceilings: ceilingAccounts(node, floor), age }
}
