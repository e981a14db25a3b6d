import { capacityOf, type PidsOffer } from '../../headroom/pids-offer.ts'
import { maxPids } from '../../kubernetes/qos/pids-limit.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import { longestUnknown } from '../taint-plan.ts'

/*
 * What each node is to offer of pidguard.io/pids, and whether that is worth a write. Too much is corrected at once: the
 * scheduler would give it away. Too little waits: for two steps, and for a while after it was lowered, so that what sways a
 * little (a daemon with three threads more, and three less) is written once. What a node offers is rounded down to a step, so
 * swaying within a step is no write at all. But where a pod waits that would fit, the node is raised at once, and exactly; also
 * with what pods that are told to end no longer need.
 */

/** A step is this part of the lower ceiling: 256 PIDs of 32768. Own choice: less than a tenth of the usual floor. */
const stepsOfCeiling = 128

/** How long what was lowered stays before it is raised where no pod waits for it. Own choice. */
export const leastLowered: Millis = 30_000

/**
 * How long a node without a whole reading is not published at all: four rounds of readings. A node joins before its kubelet
 * answers, and cAdvisor is the last to know its ceiling. Its pods have a request all the same; see `Headroom`.
 */
export const firstReading: Millis = 60_000

/** One node as the leader sees it. */
export interface CapacityStanding {
  readonly name: string
  /** What the scheduler counts there now; undefined: the node does not have the resource. */
  readonly offered: Pids | undefined
  readonly offer: PidsOffer
  /** The lower known ceiling; Infinity without one. */
  readonly limit: Pids
  /** Since when there is no fresh reading of both ceilings; 0 while there is one. A new node counts from its first look. */
  readonly silentFor: Millis
  /** Since it was lowered last; Infinity when it never was. */
  readonly loweredFor: Millis
}

/** `requests`: less than its pods request. `new`: it did not have the resource. `removed`: the policy does not want it. */
export type CapacityReason = 'requests' | 'lowered' | 'new' | 'raised' | 'removed'

/** One write; `to` undefined takes the resource away. */
export interface CapacityChange {
  readonly name: string
  readonly to: Pids | undefined
  readonly reason: CapacityReason
}

/** The order of writes: what kills or overfills first. */
const urgency: readonly CapacityReason[] = ['requests', 'lowered', 'new', 'raised', 'removed']

/**
 * What to write, the most urgent first. Once it is done, the next plan is empty. `awaited`: the requests of the pods that
 * wait, each size once, the smallest first.
 */
export function planCapacity(nodes: Iterable<CapacityStanding>, awaited: readonly Pids[]): CapacityChange[] {
  return inOrder([...nodes].map((node) => changeOf(node, awaited)))
}

/**
 * What to write when the policy no longer wants the resource. Pods that wait with a request would wait for ever without it:
 * while there are some, every node has room for them, and when none has come for a while (`isQuiet`) it is taken away.
 */
export function planLeaving(
  nodes: Iterable<CapacityStanding>,
  { isAwaited, isQuiet }: { readonly isAwaited: boolean; readonly isQuiet: boolean }
): CapacityChange[] {
  return inOrder(
    [...nodes].map(({ name, offered, offer: { requests } }): CapacityChange | undefined => {
      if (offered === undefined) return undefined
      if (isAwaited) return offered < maxPids ? { name, to: maxPids, reason: 'raised' } : undefined
      if (isQuiet) return { name, to: undefined, reason: 'removed' }
      return offered < requests ? { name, to: requests, reason: 'requests' } : undefined
    })
  )
}

function inOrder(changes: readonly (CapacityChange | undefined)[]): CapacityChange[] {
  return changes
    .filter((change) => change !== undefined)
    .sort((a, b) => urgency.indexOf(a.reason) - urgency.indexOf(b.reason) || compareNames(a, b))
}

function compareNames(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name)
}

function changeOf(node: CapacityStanding, awaited: readonly Pids[]): CapacityChange | undefined {
  const { name, offered, offer, limit, loweredFor } = node
  const { requests, free, freeForWaiting } = offer
  const step = stepOf(limit)
  const capacity = capacityOf(offer)
  const most = capacityOf({ requests, free: freeForWaiting })
  const stepped = capacity >= maxPids ? capacity : Math.max(requests, Math.floor(capacity / step) * step)
  const wanted = (now: Pids): boolean => letsIn(now - requests, most - requests, awaited)
  // What rounding takes away may be just what a pod waits for.
  const rounded = wanted(stepped) ? most : stepped
  const isKept = isUndecided(node)
  if (offered === undefined) return isKept ? undefined : { name, to: rounded, reason: 'new' }
  if (offered < requests) return { name, to: isKept ? requests : rounded, reason: 'requests' }
  if (free !== undefined && offered > most) return { name, to: rounded, reason: 'lowered' }
  if (isKept) return undefined
  if (wanted(offered)) return { name, to: most, reason: 'raised' }
  const isWorth = stepped - offered >= 2 * step || (stepped >= maxPids && offered < maxPids)
  return isWorth && loweredFor >= leastLowered ? { name, to: stepped, reason: 'raised' } : undefined
}

/** It stays as it is: a reading may come, and a node without free PIDs cannot answer. */
function isUndecided({ offered, offer, silentFor }: CapacityStanding): boolean {
  return !offer.isWhole && silentFor < (offered === undefined ? firstReading : longestUnknown)
}

/** Whether a pod that waits has no room now, and would have. */
function letsIn(now: Pids, then: Pids, awaited: readonly Pids[]): boolean {
  let [from, to] = [0, awaited.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((awaited[middle] as Pids) > now) to = middle
    else from = middle + 1
  }
  return (awaited[from] ?? Number.POSITIVE_INFINITY) <= then
}

function stepOf(limit: Pids): Pids {
  return Number.isFinite(limit) ? Math.max(1, Math.floor(limit / stepsOfCeiling)) : 1
}
