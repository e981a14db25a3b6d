import type { Millis, Pids } from '../../lib/units.ts'
import type { BudgetDemand, OverBudget } from '../headroom-view.ts'
import type { NodeEntry, PodEntry } from '../ledger/entries.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { sumsOf } from './claims.ts'
import { ownWaiting } from './own-waiting.ts'

/**
 * The budgets of its namespace that the pod would exceed. `peers`: how many other replicas admit pods; each may be admitting
 * as much as this one does, see `UnseenByPeers`.
 */
export function overBudget(demand: BudgetDemand, ledger: Ledger, now: Millis, peers: number): OverBudget[] {
  const aside = setAside(demand, ledger, peers)
  return [overTotal(demand, ledger, now, aside), overPerNode(demand, ledger, now, aside)].filter(
    (over) => over !== undefined
  )
}

/** PIDs of the budget set aside for what other replicas may be admitting now. */
interface Aside {
  readonly total: Pids
  /** The part for pods without a node. */
  readonly waiting: Pids
  /** The part for pods that can land on one node only, by its name. */
  readonly pinned: ReadonlyMap<string, Pids>
}

function setAside({ namespace, uid }: BudgetDemand, ledger: Ledger, peers: number): Aside {
  let waiting = 0
  let total = 0
  const pinned = new Map<string, Pids>()
  if (peers === 0) return { total, waiting, pinned }
  for (const one of ledger.unseen.pods) {
    const pod = ledger.pod(one.uid)
    // A pod that was bound here was shown before: the other replicas count it already.
    if (one.uid === uid || pod?.state !== 'assumed' || pod.namespace.name !== namespace) continue
    const pids = peers * one.pids
    total += pids
    if (one.node === undefined) waiting += pids
    else pinned.set(one.node, (pinned.get(one.node) ?? 0) + pids)
  }
  return { total, waiting, pinned }
}

function overTotal(
  { namespace, pids, pods, total, uid, group, maxAge }: BudgetDemand,
  ledger: Ledger,
  now: Millis,
  aside: Aside
): OverBudget | undefined {
  if (total === undefined) return undefined
  const entry = ledger.namespace(namespace)
  const self = selfOf(uid, ledger)
  const idle = group === undefined ? [] : (ledger.gangs.needOf(group, self)?.idle ?? [])
  // Those that are not gated are in what the namespace has committed.
  const gated = idle.reduce((sum, pod) => sum + (pod.state === 'gated' ? pod.estimate : 0), 0)
  const wanted = pids * pods + gated
  const coming = comingPids(namespace, ledger, group)
  const committed = (entry?.committed ?? 0) - weightOf(self) + coming
  if (committed + aside.total + wanted <= total) return undefined
  const estimates =
    coming +
    (entry?.estimates ?? 0) -
    (self === undefined || self.state === 'ended' || self.weight === 0 ? 0 : self.estimate)
  // Estimates do not depend on readings; if they alone exceed the budget, the answer is certain.
  const isCertain =
    estimates + aside.total + wanted > total ||
    [...(entry?.byNode.keys() ?? [])].every((node) => !isStale(node, maxAge, now))
  return {
    budget: 'total',
    limit: total,
    committed,
    waiting: 0,
    setAside: aside.total,
    nodes: entry?.byNode.size ?? 0,
    isCertain
  }
}

/**
 * Some candidate node must have room for the pod within the budget, beside the namespace's pods without a node: those that
 * may land on one of these nodes are assumed to do so.
 */
function overPerNode(demand: BudgetDemand, ledger: Ledger, now: Millis, aside: Aside): OverBudget | undefined {
  const { namespace, placement, pids, pods, perNode, uid, group, maxAge } = demand
  if (perNode === undefined || placement.isTooLong) return undefined
  const { nodes } = ledger.candidates.of(placement)
  if (nodes.length === 0) return undefined
  const entry = ledger.namespace(namespace)
  const self = selfOf(uid, ledger)
  const own = ownWaiting({ uid, group }, ledger, 0)
  const waiting = Math.max(0, waitingFor(namespace, nodes, ledger) - sumsOf(own.known).pids) + sumsOf(own.idle).pids
  let room = 0
  let least: Pids = Number.POSITIVE_INFINITY
  let asideThere: Pids = 0
  let isCertain = true
  for (const node of nodes) {
    const committed = (entry?.byNode.get(node) ?? 0) - (self?.node === node ? weightOf(self) : 0)
    const doubled = aside.pinned.get(node.name) ?? 0
    room += Math.floor(Math.max(0, perNode - committed - doubled) / pids) * pids
    if (room >= waiting + aside.waiting + pids * pods) return undefined
    if (committed + doubled < least + asideThere) [least, asideThere] = [committed, doubled]
    if (isStale(node, maxAge, now)) isCertain = false
  }
  return {
    budget: 'perNode',
    limit: perNode,
    committed: least,
    waiting,
    setAside: asideThere + aside.waiting,
    nodes: nodes.length,
    isCertain
  }
}

function selfOf(uid: string | undefined, ledger: Ledger): PodEntry | undefined {
  return uid === undefined ? undefined : ledger.pod(uid)
}

function weightOf(pod: PodEntry | undefined): Pids {
  return pod?.weight ?? 0
}

/** The most nodes tested to find where waiting pods of the namespace may land; half a millisecond. */
const mostLooks = 20_000

/** Σ of the estimates of the namespace's pods without a node that may land on one of these nodes, as far as is known. */
function waitingFor(namespace: string, nodes: readonly NodeEntry[], { waiting, candidates }: Ledger): Pids {
  const limit = candidates.looked + mostLooks
  const own = new Set(nodes)
  let sum = 0
  for (const { namespace: other, placement, pids, count } of waiting.groups) {
    if (other !== namespace) continue
    const isKnown = !placement.isTooLong && (candidates.isAtHand(placement) || candidates.looked < limit)
    if (!isKnown || candidates.of(placement).nodes.some((node) => own.has(node))) sum += pids * count
  }
  return sum
}

/** What is kept for pods of the namespace's other gangs that are to come. */
function comingPids(namespace: string, { gangs }: Ledger, group: BudgetDemand['group']): Pids {
  let sum = 0
  for (const gang of gangs.holding) {
    const { held, group: other } = gang
    if (gang.namespace === namespace && other.key !== group?.key)
      sum += held.reduce((all, { pids, count }) => all + pids * count, 0)
  }
  return sum
}

/** The node's reading is too old for a denial. A node without any reading has only estimates, which do not age. */
function isStale({ readingAt }: NodeEntry, maxAge: Millis, now: Millis): boolean {
  return readingAt !== Number.NEGATIVE_INFINITY && Math.abs(now - readingAt) > maxAge
}
