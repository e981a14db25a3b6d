import { anyNode, type Placement, Placements } from '../../kubernetes/placement/placement.ts'
import type { Maker } from '../../kubernetes/placement/tolerations.ts'
import type { PodGroup } from '../../kubernetes/pods/pod-groups.ts'
import type { PodSpec } from '../../kubernetes/types.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { WorkloadName } from '../../model/cluster-objects.ts'
import type { Floor } from '../../policy/settings.ts'
import type { Clock } from '../../ports/runtime.ts'
import { ceilingAccounts, freeAtMost, type NodeAccount, type NodeFigures, roomWhenEmpty } from '../ceiling-account.ts'
import type {
  Assessment,
  BudgetDemand,
  Demand,
  EachAssessment,
  HeadroomView,
  OverBudget,
  WorkloadUse
} from '../headroom-view.ts'
import type { NodeEntry } from '../ledger/entries.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { LedgerNode } from '../ledger/ledger-inputs.ts'
import { mayLandIfTolerated } from '../ledger/may-land.ts'
import type { ObservedPeak } from '../ledger/peaks/observed-pods.ts'
import type { NodeRoom } from '../node-room.ts'
import { offerOf, type PidsOffer } from '../pids-offer.ts'
import { excessClaims, isOverclaimed } from './claims.ts'
import { accountOf, HeadroomQuery, type NodeDemand } from './headroom-query.ts'
import { overBudget } from './namespace-budget.ts'
import { noRoom, roomBeside } from './packing.ts'
import { fitsAtOnce } from './quick-fit.ts'

/**
 * How long a new node may lack pidguard.io/pids and pods still request it: the leader publishes a node within a minute
 * (leader/capacity). Until then the scheduler leaves that node out; without a request, they would land anywhere, however full.
 */
const joiningTime: Millis = 120_000

/** The ledger as rules read it. */
export class Headroom implements HeadroomView {
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #isCurrent: () => boolean
  readonly #replicas: () => number
  readonly #placements = new Placements()

  /**
   * `isCurrent`: whether the ledger's nodes and pods are up to date. While they are not, a node with room may be missing,
   * so a shortage is reported as unknown. `replicas`: how many replicas admit pods, this one included; see `UnseenByPeers`.
   */
  constructor(ledger: Ledger, clock: Clock, isCurrent: () => boolean = () => true, replicas: () => number = () => 1) {
    this.#ledger = ledger
    this.#clock = clock
    this.#isCurrent = isCurrent
    this.#replicas = replicas
  }

  placementOf(podSpec: PodSpec, maker?: Maker): Placement {
    return this.#placements.of(podSpec, maker)
  }

  assess(demand: Demand): Assessment {
    const { placement, pids, pods } = demand
    this.#ledger.expire()
    if (pods <= 0) return { verdict: 'fits' }
    if (placement.isTooLong) {
      return { verdict: 'unknown', why: 'too many terms', nodes: 0, unknown: 0, node: undefined }
    }
    const set = this.#ledger.candidates.of(placement)
    if (set.nodes.length === 0) return { verdict: 'nowhere' }
    const query = this.#query(demand)
    if (fitsAtOnce(set, pids, pods, query.waiting, query.sure)) return { verdict: 'fits' }
    query.lookCloser(pods)
    const others = query.others(set.nodes)
    // The bound lowers what the others need, so the quick test may succeed now.
    if (others.pids < query.waiting.pids && fitsAtOnce(set, pids, pods, others, query.sure)) return { verdict: 'fits' }
    const room =
      others.pids === 0 && pods === 1 ? noRoom : roomBeside(set, pids, pods, others, this.#ledger.candidates, query)
    if (room.pods >= pods) return { verdict: 'fits' }
    if (!this.#isCurrent()) return outdated(set.nodes.length)
    const shortage = query.shortage(set, room.pods, others)
    return shortage.verdict === 'full' && room.mostPods >= pods ? query.undecided(set, room.doubt) : shortage
  }

  assessNode(name: string, demand: NodeDemand): Assessment {
    this.#ledger.expire()
    const node = this.#ledger.node(name)
    if (node === undefined) return { verdict: 'unknown', why: 'node not known', nodes: 1, unknown: 1, node: name }
    const query = this.#query(demand)
    if ((query.sure(node) ?? Number.NEGATIVE_INFINITY) >= demand.pids) return { verdict: 'fits' }
    if (!this.#isCurrent()) return outdated(1)
    return query.shortage({ nodes: [node], hint: 0 }, 0, { groups: [], pids: 0, largest: 0 })
  }

  assessEach(demand: Omit<Demand, 'pods' | 'uid'>): EachAssessment {
    this.#ledger.expire()
    const { nodes } = this.#ledger.candidates.of(demand.placement)
    const query = this.#query({ ...demand, uid: undefined })
    let full = 0
    let unknown = 0
    let worst: NodeEntry | undefined
    let least: Pids = Number.POSITIVE_INFINITY
    for (const node of nodes) {
      const free = query.atMost(node)
      if (free !== undefined && free < demand.pids) {
        full++
        if (free < least) [worst, least] = [node, free]
      } else if (free === undefined || !node.isWhole) unknown++
    }
    const isSure = this.#isCurrent()
    return {
      nodes: nodes.length,
      full,
      unknown: isSure ? unknown : Math.max(1, unknown),
      worst: worst === undefined ? undefined : query.account(worst)
    }
  }

  tooSmall({ placement, pids, floor }: Pick<Demand, 'placement' | 'pids' | 'floor'>): NodeAccount | undefined {
    if (placement.isTooLong) return undefined
    let largest: NodeEntry | undefined
    let most: Pids = Number.NEGATIVE_INFINITY
    for (const node of this.#ledger.candidates.of(placement).nodes) {
      const room = roomWhenEmpty(node, floor)
      if (room === undefined || room >= pids) return undefined
      if (room > most) [largest, most] = [node, room]
    }
    return largest === undefined ? undefined : accountOf(largest, floor, this.#clock.now())
  }

  behindTaints(demand: Demand): string | undefined {
    this.#ledger.expire()
    const query = this.#query(demand)
    for (const node of this.#ledger.nodes) {
      const { facts, name } = node
      if (facts === undefined || (query.atMost(node) ?? demand.pids) < demand.pids) continue
      if (mayLandIfTolerated(demand.placement, facts)) return name
    }
    return undefined
  }

  offersPids(placement: Placement): 'yes' | 'later' | 'no' {
    const joined = this.#clock.now() - joiningTime
    const { nodes } = this.#ledger.candidates.of(placement)
    let offering = 0
    for (const { facts } of nodes.length > 0 ? nodes : this.#ledger.nodes) {
      if (facts?.offered !== undefined) offering++
      else if (facts !== undefined && (facts.createdAt ?? Number.NEGATIVE_INFINITY) < joined) return 'no'
    }
    if (offering === 0) return 'no'
    return nodes.length > 0 ? 'yes' : 'later'
  }

  overBudget(demand: BudgetDemand): readonly OverBudget[] {
    this.#ledger.expire()
    const over = overBudget(demand, this.#ledger, this.#clock.now(), this.#replicas() - 1)
    return over.length === 0 || this.#isCurrent() ? over : over.map((one) => ({ ...one, isCertain: false }))
  }

  neededAtOnce(group: PodGroup, uid: string | undefined): ReturnType<HeadroomView['neededAtOnce']> {
    this.#ledger.expire()
    const need = this.#ledger.gangs.needOf(group, uid === undefined ? undefined : this.#ledger.pod(uid))
    return need && { pods: need.pods, idle: need.idle.length }
  }

  observedPeak(namespace: string, workload: WorkloadName, template?: string): ObservedPeak | undefined {
    return this.#ledger.workloads.get(namespace, workload)?.peak(template, this.#clock.now())
  }

  workload(namespace: string, workload: WorkloadName): WorkloadUse | undefined {
    const entry = this.#ledger.workloads.get(namespace, workload)
    if (entry === undefined || entry.pods === 0) return undefined
    return {
      estimate: entry.estimate,
      placement: entry.placement ?? anyNode,
      live: entry.live,
      ending: entry.pods - entry.live
    }
  }

  estimateOf(uid: string): Pids | undefined {
    return this.#ledger.pod(uid)?.estimate
  }

  priorityOf(uid: string): number {
    return this.#ledger.pod(uid)?.priority ?? 0
  }

  #query(demand: NodeDemand): HeadroomQuery {
    return new HeadroomQuery(demand, this.#ledger, this.#clock.now(), this.#replicas() - 1)
  }

  /**
   * Every node the API server knows, with its room above a floor; undefined without a fresh reading. `claimShare`: claims of
   * one namespace count at most for this share of the PIDs that are free without claims.
   */
  *rooms(floor: Floor, maxAge: Millis, claimShare = 1): Iterable<readonly [LedgerNode, NodeRoom | undefined]> {
    this.#ledger.expire()
    const now = this.#clock.now()
    for (const node of this.#ledger.nodes) {
      const { facts, isWhole } = node
      if (facts === undefined) continue
      const isFresh = Math.abs(now - node.readingAt) <= maxAge
      yield [
        facts,
        isFresh ? { ceilings: ceilingAccounts(bounded(node, floor, claimShare), floor), isWhole } : undefined
      ]
    }
  }

  /** Every node the API server knows, with what it is to offer to the scheduler, and its lower known ceiling. */
  *offers(
    floor: Floor,
    maxAge: Millis
  ): Iterable<Pick<LedgerNode, 'name'> & { offered: Pids | undefined; offer: PidsOffer; limit: Pids }> {
    this.#ledger.expire()
    const now = this.#clock.now()
    for (const node of this.#ledger.nodes) {
      const { facts, host, kubepods, readingAt } = node
      if (facts === undefined) continue
      const limit = Math.min(host.limit ?? Number.POSITIVE_INFINITY, kubepods.limit ?? Number.POSITIVE_INFINITY)
      const offer = offerOf(node, floor, Math.abs(now - readingAt) <= maxAge)
      yield { name: facts.name, offered: facts.offered, offer, limit }
    }
  }

  /** Every node the API server knows, with its figures against a floor; for tables and metrics. */
  *accounts(floor: Floor): Iterable<NodeAccount> {
    this.#ledger.expire()
    const now = this.#clock.now()
    for (const node of this.#ledger.nodes) {
      if (node.facts !== undefined) yield accountOf(node, floor, now)
    }
  }
}

/** The node's figures, with the claims of every namespace bounded where they are more than it has; as at bindings. */
function bounded(node: NodeEntry, floor: Floor, share: number): NodeFigures {
  const free = freeAtMost(node, floor)
  if (share >= 1 || free === undefined || !isOverclaimed(node)) return node
  const { host, kubepods, seen, unattributed } = node
  const excess = excessClaims(node, [], { namespace: '', share }, Math.max(0, free + node.pending), undefined)
  return { host, kubepods, seen, unattributed, pending: node.pending - excess }
}

/** No room was found, but the ledger is out of date. */
function outdated(nodes: number): Assessment {
  return { verdict: 'unknown', why: 'API server not heard lately', nodes, unknown: nodes, node: undefined }
}
