import type { Millis, Pids } from '../model/units.ts'
import type { NodeEntry, PodEntry } from './entries.ts'
import type { Ledger } from './ledger.ts'
import type { BudgetDemand, OverBudget } from './view.ts'

/** The budgets of its namespace the pod would break. */
export function overBudget(demand: BudgetDemand, ledger: Ledger, now: Millis): OverBudget[] {
  return [overTotal(demand, ledger, now), overPerNode(demand, ledger, now)].filter((over) => over !== undefined)
}

function overTotal(
  { namespace, pids, total, uid, maxAge }: BudgetDemand,
  ledger: Ledger,
  now: Millis
): OverBudget | undefined {
  if (total === undefined) return undefined
  const entry = ledger.namespace(namespace)
  const self = selfOf(uid, ledger)
  const committed = (entry?.committed ?? 0) - weightOf(self)
  if (committed + pids <= total) return undefined
  const estimates = (entry?.estimates ?? 0) - (self === undefined || self.state === 'ended' ? 0 : self.estimate)
  // What the API says of its pods is enough; else it hangs on what was observed of them.
  const isCertain =
    estimates + pids > total || [...(entry?.byNode.keys() ?? [])].every((node) => !isStale(node, maxAge, now))
  return { budget: 'total', limit: total, committed, waiting: 0, nodes: entry?.byNode.size ?? 0, isCertain }
}

/**
 * Some candidate must have room for the pod within the budget, beside the namespace's pods that are on no node yet:
 * these are taken to come to the same nodes.
 */
function overPerNode(demand: BudgetDemand, ledger: Ledger, now: Millis): OverBudget | undefined {
  const { namespace, placement, pids, perNode, uid, maxAge } = demand
  if (perNode === undefined || placement.isTooLong) return undefined
  const { nodes } = ledger.candidates.of(placement)
  if (nodes.length === 0) return undefined
  const entry = ledger.namespace(namespace)
  const self = selfOf(uid, ledger)
  const waiting = Math.max(0, (entry?.waiting ?? 0) - (self?.node === undefined ? weightOf(self) : 0))
  let room = 0
  let least: Pids = Number.POSITIVE_INFINITY
  let isCertain = true
  for (const node of nodes) {
    const committed = (entry?.byNode.get(node) ?? 0) - (self?.node === node ? weightOf(self) : 0)
    room += Math.floor(Math.max(0, perNode - committed) / pids) * pids
    if (room >= waiting + pids) return undefined
    if (committed < least) least = committed
    if (isStale(node, maxAge, now)) isCertain = false
  }
  return { budget: 'perNode', limit: perNode, committed: least, waiting, nodes: nodes.length, isCertain }
}

function selfOf(uid: string | undefined, ledger: Ledger): PodEntry | undefined {
  return uid === undefined ? undefined : ledger.pod(uid)
}

function weightOf(pod: PodEntry | undefined): Pids {
  return pod === undefined ? 0 : pod.observed + pod.pending
}

/** What was observed there is too old to deny for. A node that never said anything has only estimates, and they hold. */
function isStale({ readingAt }: NodeEntry, maxAge: Millis, now: Millis): boolean {
  return readingAt !== Number.NEGATIVE_INFINITY && Math.abs(now - readingAt) > maxAge
}
