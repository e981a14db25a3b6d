import type { Placement } from '../../kubernetes/placement/placement.ts'
import { ExpiryQueue } from '../../lib/expiry-queue.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import { WaitingPods } from './waiting-pods.ts'

/**
 * How long a pod counts here although the API server does not show it. It shows a stored pod within milliseconds, or, on a
 * machine without a spare processor, a quarter of a second (npm run drill). A pod that is not stored by then was refused
 * by a quota or another webhook.
 */
export const unseenTime: Millis = 2_000

/** A pod this replica has just admitted, or bound to a node. */
export interface UnseenPod {
  readonly uid: string
  readonly namespace: string
  readonly pids: Pids
  readonly placement: Placement
  /** undefined while it has no node. */
  readonly node: string | undefined
}

/**
 * Pods admitted or bound here that the API server has not yet shown to us, hence probably not to the other replicas. Every
 * one of n replicas may be handing out the same room at this moment, and none can ask the others while a request waits.
 * So each replica counts its own such pods n times: what it hands out beside its last pod is at most the n-th part of the
 * room. Worst case: all replicas together over-commit by two pods per other replica; the floor absorbs that. The price:
 * a pod that would have fitted may need a second try.
 */
export class UnseenByPeers {
  /** Those without a node. */
  readonly waiting = new WaitingPods()
  readonly #pods = new Map<string, UnseenPod>()
  readonly #byNode = new Map<string, Pids>()
  readonly #expiries = new ExpiryQueue<string>()

  get size(): number {
    return this.#pods.size
  }

  get pods(): Iterable<UnseenPod> {
    return this.#pods.values()
  }

  get(uid: string): UnseenPod | undefined {
    return this.#pods.get(uid)
  }

  /** Σ of the estimates of those bound to the node. */
  on(node: string): Pids {
    return this.#byNode.get(node) ?? 0
  }

  /** A pod that is held already is moved to where it is now, and its time starts again. */
  add(pod: UnseenPod, now: Millis): void {
    this.delete(pod.uid)
    this.#pods.set(pod.uid, pod)
    this.#expiries.add(pod.uid, now + unseenTime)
    if (pod.node === undefined) this.waiting.add(pod.placement, pod.pids, { namespace: pod.namespace, isStored: false })
    else this.#byNode.set(pod.node, this.on(pod.node) + pod.pids)
  }

  delete(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    this.#pods.delete(uid)
    this.#expiries.delete(uid)
    const { node, placement, pids, namespace } = pod
    if (node === undefined) this.waiting.delete(placement, pids, { namespace, isStored: false })
    else if (this.on(node) === pids) this.#byNode.delete(node)
    else this.#byNode.set(node, this.on(node) - pids)
  }

  expire(now: Millis): void {
    for (let uid = this.#expiries.takeExpired(now); uid !== undefined; uid = this.#expiries.takeExpired(now)) {
      this.delete(uid)
    }
  }
}
