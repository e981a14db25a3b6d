import { maxPids } from '../kubernetes/qos/pids-limit.ts'
import type { Pids } from '../lib/units.ts'
import type { Floor } from '../policy/settings.ts'
import { freeAtMost } from './ceiling-account.ts'
import type { NodeEntry } from './ledger/entries.ts'

/*
 * What a node offers to the scheduler as the resource pidguard.io/pids. The scheduler gives away the capacity less the requests
 * of the pods there, so capacity = what is free above the floor + those requests. Then a pod that comes, goes, or grows into
 * its request changes nothing: what it takes off the free PIDs is what it adds to the requests. Pods without a request (from
 * before, static, of system namespaces), and what a pod holds beyond its request, make the capacity smaller.
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
}

type OfferingNode = Pick<NodeEntry, 'host' | 'kubepods' | 'seen' | 'pods'>

/** `isFresh`: whether its last reading counts. Costs one step per pod of the node. */
export function offerOf(node: OfferingNode, floor: Floor, isFresh: boolean): PidsOffer {
  let requests = 0
  let pending = 0
  for (const { requested, estimate, observed, state, hasFinished } of node.pods) {
    if (hasFinished) continue
    if (state === 'bound') {
      requests += requested
      pending += Math.max(0, Math.max(requested, estimate) - observed)
    } else if (state === 'ended') {
      // It is being deleted: the scheduler counts its request until it is gone, and so do we.
      requests += requested
      if (requested > 0) pending += Math.max(0, requested - observed)
    } else if (requested === 0) {
      // It may land on this node alone. With a request the scheduler itself looks for its room: twice would be never.
      pending += estimate
    }
  }
  const { host, kubepods, seen } = node
  return { requests, free: isFresh ? freeAtMost({ host, kubepods, seen, pending }, floor) : undefined }
}

/** The capacity for the scheduler: a whole number, at least the sum of the requests. Unknown is room for all. */
export function capacityOf({ requests, free = Number.POSITIVE_INFINITY }: PidsOffer): Pids {
  return Math.max(requests, Math.min(maxPids, Math.floor(requests + free)))
}
