import { maxPids } from '../kubernetes/qos/pids-limit.ts'
import type { Pids } from '../lib/units.ts'
import type { Ceiling } from '../model/node-reading.ts'
import type { Floor } from '../policy/settings.ts'
import { floorOfBindings, floorUnder } from './ceiling-account.ts'
import type { NodeEntry } from './ledger/entries.ts'

/*
 * What a node offers to the scheduler as the resource pidguard.io/pids. The scheduler gives away the capacity less the requests
 * of the pods there, so capacity = what is free above the floor + those requests. Then a pod that comes, goes, or grows into
 * its request changes nothing: what it takes off the free PIDs is what it adds to the requests. Pods without a request (from
 * before, static, of system namespaces), and what a pod holds beyond its request, make the capacity smaller.
 *
 * A pod that is told to end keeps its request with the scheduler until it is gone, and may hold much less. A pod that waits may have that
 * before: `freeForWaiting`. Should the first end before the capacity is lowered, its request is given away once more; so this is bounded by
 * the part of the floor that bindings may take too.
 *
 * Never below the sum of the requests: a kubelet that restarts admits the pods of its node anew, and kills those that the
 * capacity does not hold (seen on v1.20 and v1.37).
 */

/** One node, as the scheduler is to see it. */
export interface PidsOffer {
  /** Σ of the requests of the pods there that have not finished: what the scheduler and the kubelet count. */
  readonly requests: Pids
  /** PIDs free above the floor, below 0 where pods hold more than there is; Infinity without a ceiling, undefined: unknown. */
  readonly free: Pids | undefined
  /** The same for a pod that waits: pods that are told to end count with what they hold, not with what they request. */
  readonly freeForWaiting: Pids | undefined
  /** Both ceilings are known. If not, there may be less free. */
  readonly isWhole: boolean
}

type OfferingNode = Pick<NodeEntry, 'host' | 'kubepods' | 'pods' | 'unclaimed' | 'isWhole'>

/**
 * `isFresh`: whether its last reading counts. Costs one step per pod of the node.
 *
 * The figures of a ceiling and of each pod are samples up to 15 s apart. So pods count for themselves. Under kubepods are only
 * pods: it counts where it shows more than they all may take. Of the node counts what belongs to no pod.
 */
export function offerOf(node: OfferingNode, floor: Floor, isFresh: boolean): PidsOffer {
  let requests = 0
  let held = 0
  let observedInAll = 0
  /** Of `held`, what pods that are told to end request and do not need. */
  let spare = 0
  for (const { requested, estimate, observed, pending, state, hasFinished } of node.pods) {
    if (hasFinished) continue
    observedInAll += observed
    if (state === 'bound') {
      requests += requested
      held += Math.max(requested, estimate, observed)
    } else if (state === 'ended') {
      // It is being deleted: the scheduler counts its request until it is gone, and so do we.
      requests += requested
      held += Math.max(requested, observed)
      spare += Math.max(0, requested - observed - pending)
    } else if (requested === 0) {
      // It may land on this node alone. With a request the scheduler itself looks for its room: twice would be never.
      held += estimate
    }
  }
  if (!isFresh) return { requests, free: undefined, freeForWaiting: undefined, isWhole: false }
  // Pods that the API server has not shown yet.
  for (const tasks of node.unclaimed?.values() ?? []) {
    held += tasks
    observedInAll += tasks
  }
  const daemons = Math.max(0, (node.host.inUse ?? 0) - observedInAll)
  const left = (reserve: Floor, taken: Pids): Pids | undefined =>
    least(
      leftUnder(node.host, reserve, () => taken + daemons),
      leftUnder(node.kubepods, reserve, (inUse) => Math.max(taken, inUse))
    )
  const free = left(floor, held)
  const freeForWaiting = least(left(floor, held - spare), left(floorOfBindings(floor), held))
  return { requests, free, freeForWaiting, isWhole: node.isWhole }
}

function least(a: Pids | undefined, b: Pids | undefined): Pids | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

function leftUnder({ limit, inUse }: Ceiling, floor: Floor, taken: (inUse: Pids) => Pids): Pids | undefined {
  if (limit === undefined || limit === Number.POSITIVE_INFINITY) return limit
  return inUse === undefined ? undefined : limit - floorUnder(limit, floor) - taken(inUse)
}

/** The capacity for the scheduler: a whole number, at least the sum of the requests. Unknown is room for all. */
export function capacityOf({ requests, free = Number.POSITIVE_INFINITY }: Pick<PidsOffer, 'requests' | 'free'>): Pids {
  return Math.max(requests, Math.min(maxPids, Math.floor(requests + free)))
}
