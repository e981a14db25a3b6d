import type { Pids } from '../../lib/units.ts'
import { type NodeFigures, wholePods } from '../ceiling-account.ts'
import type { Isolation } from '../headroom-view.ts'
import type { NamespaceClaim, NodeEntry, PodEntry } from '../ledger/entries.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { claimsOn, isStored } from '../ledger/sums.ts'
import type { Claimant, WaitingGroup } from '../ledger/waiting-pods.ts'

/*
 * What a namespace says it needs costs others only a share of what is free; see `Isolation`. Without that, one annotation
 * of 4,194,304, or nine creations that a quota refuses, would close a node or a fleet for every other namespace.
 */

/** PIDs that other replicas may have given away on a node, to pods that are not known to be stored. */
export type Claim = NamespaceClaim

/** Who a claim is bounded with: its namespace, or '' for all requests together that are not known to be stored. */
function bucketOf({ namespace, isStored }: Claimant): string {
  return isStored ? namespace : ''
}

/**
 * Whether what pods may still take is more than the node could hold even if nothing were in use. What is in use says nothing
 * here: a part of it may be theirs already, by samples of different instants.
 */
export function isOverclaimed({
  host,
  kubepods,
  pending
}: Pick<NodeFigures, 'host' | 'kubepods' | 'pending'>): boolean {
  return pending > Math.min(host.limit ?? Number.POSITIVE_INFINITY, kubepods.limit ?? Number.POSITIVE_INFINITY)
}

/** Σ of what claims on the node exceed their bounds by. `room`: PIDs free without any claims. `self` claims nothing. */
export function excessClaims(
  node: NodeEntry,
  unseen: readonly Claim[],
  { namespace, share }: Isolation,
  room: Pids,
  self: PodEntry | undefined
): Pids {
  const { stored, unstored } = claimsOn(node)
  const most = Math.floor(room * share)
  const own = self?.node === node && self.namespace.name !== namespace ? self : undefined
  let excess = 0
  for (const claim of stored) {
    if (claim.pids <= most) break
    if (claim.namespace === namespace) continue
    const isOwn = own !== undefined && isStored(own) && own.namespace.name === claim.namespace
    excess += Math.max(0, claim.pids - (isOwn ? own.pending : 0) - most)
  }
  // All requests together that are not known to be stored; see `bucketOf`.
  let requests = own === undefined || isStored(own) ? 0 : -own.pending
  for (const claims of [unstored, unseen]) {
    for (const claim of claims) if (claim.namespace !== namespace) requests += claim.pids
  }
  return excess + Math.max(0, requests - most)
}

/** What other replicas may have bound to each node, see `UnseenByPeers`; without the asking pod. */
export function unseenByNode(
  { unseen }: Pick<Ledger, 'unseen'>,
  peers: number,
  self: string | undefined
): ReadonlyMap<string, readonly Claim[]> {
  const claims = new Map<string, Claim[]>()
  if (peers === 0) return claims
  for (const { uid, node, namespace, pids } of unseen.pods) {
    if (node === undefined || uid === self) continue
    const claim = { namespace, pids: peers * pids }
    const held = claims.get(node)
    if (held === undefined) claims.set(node, [claim])
    else held.push(claim)
  }
  return claims
}

/** The groups, cut to the pods that the share of each other claimant allows; a claimant's smallest pods come first. */
export function boundGroups(
  groups: readonly WaitingGroup[],
  { namespace, share }: Isolation,
  room: Pids
): readonly WaitingGroup[] {
  const most = room * share
  const left = new Map<string, Pids>()
  const own = groups.filter((group) => group.namespace === namespace)
  const others = groups.filter((group) => group.namespace !== namespace).sort((a, b) => a.pids - b.pids)
  for (const group of others) {
    const bucket = bucketOf(group)
    const still = left.get(bucket) ?? most
    const count = Math.min(group.count, wholePods(still, group.pids))
    left.set(bucket, still - count * group.pids)
    if (count > 0) own.push(count === group.count ? group : { ...group, count })
  }
  return own
}

/** Σ of the estimates of all pods of the groups, and the largest of them. */
export function sumsOf(groups: readonly WaitingGroup[]): { readonly pids: Pids; readonly largest: Pids } {
  let sum = 0
  let largest = 0
  for (const { pids, count } of groups) {
    sum += pids * count
    if (count > 0 && pids > largest) largest = pids
  }
  return { pids: sum, largest }
}
