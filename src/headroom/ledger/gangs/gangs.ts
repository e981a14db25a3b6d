import { anyNode } from '../../../kubernetes/placement/placement.ts'
import type { PodGroup } from '../../../kubernetes/pods/pod-groups.ts'
import { ExpiryQueue } from '../../../lib/expiry-queue.ts'
import type { Millis } from '../../../lib/units.ts'
import type { Clock } from '../../../ports/runtime.ts'
import type { PodEntry } from '../entries.ts'
import type { PodState } from '../pod-states.ts'
import type { Claimant, WaitingPods } from '../waiting-pods.ts'
import { Gang, type Held, type Need } from './gang.ts'

/*
 * Gangs: pods that are of use only together.
 *
 * The first pod of a gang is checked for all of it, so either all of it fits or none is admitted. From then on room is kept
 * for those that have not come, as long as they keep coming. When none came for `comingTime`, that room is given back; and
 * where the scheduler binds none before there are enough, those that came take no room either. The next one that comes is
 * again checked for all that take none.
 *
 * How many there have to be is written on the pods, or in an object that may come later than they do. While it is not known,
 * each pod counts by itself.
 */

/**
 * How long room is kept for pods of a gang after one of them came. A controller creates the pods of one group one after the
 * other, at 5 a second or more (client-go's default QPS). Own choice: long enough for one that has to try again.
 */
export const comingTime: Millis = 10_000

export class Gangs {
  readonly #clock: Clock
  readonly #waiting: WaitingPods
  /** Changes the state of a pod that has no node. */
  readonly #move: (pod: PodEntry, state: PodState) => void
  readonly #gangs = new Map<string, Gang<PodEntry>>()
  /** What objects say of the size of gangs. */
  readonly #sizes = new Map<string, number>()
  readonly #holds = new ExpiryQueue<Gang<PodEntry>>()
  /** Those for which room is kept. */
  readonly #holding = new Set<Gang<PodEntry>>()
  #onUnknown: (group: PodGroup) => void = () => {}

  constructor(clock: Clock, waiting: WaitingPods, move: (pod: PodEntry, state: PodState) => void) {
    this.#clock = clock
    this.#waiting = waiting
    this.#move = move
  }

  get(key: string): Gang<PodEntry> | undefined {
    return this.#gangs.get(key)
  }

  get isQuiet(): boolean {
    return this.#holds.size === 0
  }

  /** Those for which room is kept. */
  get holding(): Iterable<Gang<PodEntry>> {
    return this.#holding
  }

  /** Calls back for each new gang of which it is not known how many pods there have to be. */
  whenUnknown(callback: (group: PodGroup) => void): void {
    this.#onUnknown = callback
  }

  /** An object says how many pods the group needs; undefined: it does not say so, or it is gone. */
  setSize(key: string, size: number | undefined): void {
    if (size === undefined) this.#sizes.delete(key)
    else this.#sizes.set(key, size)
    const gang = this.#gangs.get(key)
    if (gang === undefined) return
    gang.size = gang.group.size ?? size
    this.#settle(gang)
  }

  /** Makes the pod a member of the group, and of no other. `isNew`: it is in no sum yet. */
  assign(pod: PodEntry, group: PodGroup | undefined, isNew: boolean): void {
    const before = pod.gang
    if (before?.group.key === group?.key) return
    if (before !== undefined) {
      if (!isNew) before.count(pod, -1)
      this.leave(pod, before)
    }
    if (group === undefined) return
    let gang = this.#gangs.get(group.key)
    if (gang === undefined) {
      gang = new Gang<PodEntry>(group, pod.namespace.name)
      gang.size ??= this.#sizes.get(group.key)
      this.#gangs.set(group.key, gang)
      if (gang.size === undefined) this.#onUnknown(group)
    }
    gang.members.add(pod)
    pod.gang = gang
    if (!isNew) gang.count(pod, 1)
  }

  /** To be called when the pod is in no sum any more. */
  leave(pod: PodEntry, gang: Gang<PodEntry>): void {
    gang.members.delete(pod)
    pod.gang = undefined
    if (gang.members.size > 0) {
      this.#settle(gang)
      return
    }
    this.#hold(gang, 0)
    this.#holds.delete(gang)
    this.#gangs.delete(gang.group.key)
  }

  /** To be called after a pod has changed. `hasCome`: it is new, or has lost its gates; then others will follow. */
  changed(pod: PodEntry, hasCome: boolean): void {
    const { gang } = pod
    if (gang === undefined) return
    // One that came while the size was not known was checked by itself: nothing was promised to the others.
    if (hasCome && gang.size !== undefined && isWaiting(pod)) this.#expectMore(gang, pod)
    this.#settle(gang)
    if (gang.isStalled && pod.state === 'waiting') this.#move(pod, 'stalled')
  }

  #expectMore(gang: Gang<PodEntry>, { estimate, placement = anyNode }: PodEntry): void {
    // Where a pod can land on one node only, the other pods of its gang go elsewhere.
    gang.latest = { placement: placement.pinned === undefined ? placement : anyNode, pids: estimate }
    gang.heldUntil = this.#clock.monotonic() + comingTime
    this.#holds.add(gang, gang.heldUntil)
  }

  /** Brings what is kept for a gang in line with its members. */
  #settle(gang: Gang<PodEntry>): void {
    const { missing } = gang
    if (gang.size !== undefined && missing === 0) gang.wasWhole = true
    const isComing = this.#clock.monotonic() < gang.heldUntil
    this.#hold(gang, isComing ? missing : 0)
    const isStalled = gang.group.startsWhole && missing > 0 && !isComing
    if (isStalled === gang.isStalled) return
    gang.isStalled = isStalled
    for (const pod of gang.members) {
      if (isStalled && pod.state === 'waiting') this.#move(pod, 'stalled')
      if (!isStalled && pod.state === 'stalled') this.#move(pod, 'waiting')
    }
  }

  expire(now: Millis): void {
    for (let gang = this.#holds.takeExpired(now); gang !== undefined; gang = this.#holds.takeExpired(now)) {
      this.#settle(gang)
    }
  }

  /**
   * What has to find room at once, so that one more of the group is of use; undefined while that is not known. `self`: the pod
   * itself, where it is on the ledger already.
   */
  needOf(group: PodGroup, self: PodEntry | undefined): NeededAtOnce | undefined {
    const gang = this.#gangs.get(group.key)
    const size = group.size ?? this.#sizes.get(group.key)
    if (size === undefined) return undefined
    if (gang === undefined) return { pods: size, idle: [] }
    // A member that is replaced: its scheduler, or the program that removes the gates, starts it alone.
    if (gang.wasWhole && !group.startsWhole) return { pods: 1, idle: [] }
    const isCounted = self?.gang === gang && gang.counts(self)
    const others = Math.max(0, size - gang.counted + (isCounted ? 1 : 0) - 1)
    const idle = idleOf(gang, others, (pod) => pod !== self && pod.state !== 'ended' && !gang.counts(pod))
    return { pods: 1 + others - idle.length, idle }
  }

  #hold(gang: Gang<PodEntry>, count: number): void {
    if (gang.held.length === 0 && count === 0) return
    const claimant = claimantOf(gang)
    for (const held of gang.held) this.#waiting.delete(held.placement, held.pids, claimant, held.count)
    gang.held = count === 0 || gang.latest === undefined ? [] : heldFor(gang, count, gang.latest)
    for (const held of gang.held) this.#waiting.add(held.placement, held.pids, claimant, held.count)
    if (gang.held.length === 0) this.#holding.delete(gang)
    else this.#holding.add(gang)
  }
}

/** Room for which one more of a group has to ask. */
export interface NeededAtOnce {
  /** So many pods like the one. */
  readonly pods: number
  /** Besides, members that are there and take no room: each as itself. */
  readonly idle: readonly PodEntry[]
}

/** At most so many members for which it holds. */
function idleOf({ members }: Gang<PodEntry>, most: number, isIdle: (pod: PodEntry) => boolean): PodEntry[] {
  const idle: PodEntry[] = []
  for (const pod of members) {
    if (idle.length >= most) break
    if (isIdle(pod)) idle.push(pod)
  }
  return idle
}

/** Gated members count as themselves, those that have not come like the one that came last. */
function heldFor(gang: Gang<PodEntry>, count: number, latest: Need): Held[] {
  const gated = idleOf(gang, count, ({ state, node }) => state === 'gated' && node === undefined)
  const held = gated.map(({ placement = anyNode, estimate }) => ({ placement, pids: estimate, count: 1 }))
  return gated.length === count ? held : [...held, { ...latest, count: count - gated.length }]
}

function isWaiting({ state }: PodEntry): boolean {
  return state === 'assumed' || state === 'waiting'
}

/** The claim of a gang for its pods that are still to come, which the API server has not stored. */
export function claimantOf({ namespace }: Gang): Claimant {
  return { namespace, isStored: false }
}
