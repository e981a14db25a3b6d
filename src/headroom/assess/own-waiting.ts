import { anyNode } from '../../kubernetes/placement/placement.ts'
import type { Demand } from '../headroom-view.ts'
import type { PodEntry } from '../ledger/entries.ts'
import type { Gang } from '../ledger/gangs/gang.ts'
import { claimantOf as claimantOfGang } from '../ledger/gangs/gangs.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { claimantOf } from '../ledger/sums.ts'
import type { UnseenPod } from '../ledger/unseen-by-peers.ts'
import type { WaitingGroup } from '../ledger/waiting-pods.ts'

/** The part of the waiting pods that does not count against the asking ones: they are the same. */
export interface OwnWaiting {
  readonly known: readonly WaitingGroup[]
  /** The same among the pods that other replicas may not have seen yet. */
  readonly unseen: readonly WaitingGroup[]
  /** Not among them: members of its gang that are there, take no room yet, and have to find it at once. */
  readonly idle: readonly WaitingGroup[]
}

const nothing: OwnWaiting = { known: [], unseen: [], idle: [] }

/**
 * The asking pod itself, where it is on the ledger already; and what is kept for those of its gang that are to come, since the
 * demand counts these. Members of the gang that the other replicas may not have seen count once, not once for each replica:
 * no other replica gives away this gang's room beside them.
 */
export function ownWaiting({ uid, group }: Pick<Demand, 'uid' | 'group'>, ledger: Ledger, peers: number): OwnWaiting {
  if (uid === undefined && group === undefined) return nothing
  const self = uid === undefined ? undefined : ledger.pod(uid)
  const gang = group === undefined ? undefined : ledger.gangs.get(group.key)
  if (self === undefined && gang === undefined) return nothing
  const known: WaitingGroup[] = []
  if (self !== undefined && isWaiting(self)) {
    known.push({ ...claimantOf(self), placement: self.placement ?? anyNode, pids: self.estimate, count: 1 })
  }
  if (gang !== undefined) known.push(...gang.held.map((held) => ({ ...claimantOfGang(gang), ...held })))
  const idle = group === undefined ? [] : (ledger.gangs.needOf(group, self)?.idle ?? [])
  return {
    known,
    unseen: peers === 0 ? [] : unseenOf(ledger, uid, gang),
    idle: idle.map((pod) => ({ ...claimantOf(pod), placement: pod.placement ?? anyNode, pids: pod.estimate, count: 1 }))
  }
}

function unseenOf(ledger: Ledger, uid: string | undefined, gang: Gang<PodEntry> | undefined): WaitingGroup[] {
  const own: UnseenPod[] = []
  if (gang === undefined) {
    const self = uid === undefined ? undefined : ledger.unseen.get(uid)
    if (self !== undefined) own.push(self)
  } else for (const one of ledger.unseen.pods) if (one.uid === uid || ledger.pod(one.uid)?.gang === gang) own.push(one)
  return own.flatMap(({ node, ...one }) => (node === undefined ? [{ ...one, isStored: false, count: 1 }] : []))
}

function isWaiting({ node, state }: PodEntry): boolean {
  return node === undefined && (state === 'assumed' || state === 'waiting')
}

/** The groups without these pods. */
export function without(groups: readonly WaitingGroup[], own: readonly WaitingGroup[]): readonly WaitingGroup[] {
  if (own.length === 0) return groups
  return groups.map((group) => {
    const count = own.reduce((sum, one) => (isSame(group, one) ? sum + one.count : sum), 0)
    return count === 0 ? group : { ...group, count: group.count - count }
  })
}

function isSame(a: WaitingGroup, b: WaitingGroup): boolean {
  return (
    a.pids === b.pids &&
    a.namespace === b.namespace &&
    a.isStored === b.isStored &&
    a.placement.signature === b.placement.signature
  )
}
