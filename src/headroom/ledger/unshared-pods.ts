import type { Placement } from '../../kubernetes/placement.ts'
import { Deadlines } from '../../lib/expiry-list.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import { WaitingPods } from './waiting-pods.ts'

/**
 * How long a pod counts here although the API server does not show it: it does within milliseconds, or, on a machine with
 * nothing left to give, a quarter of a second (npm run drill). What is not stored by then was refused by somebody else.
 */
export const unsharedTime: Millis = 2_000

/** A pod this replica has just admitted, or bound to a node. */
export interface UnsharedPod {
  readonly uid: string
  readonly pids: Pids
  readonly placement: Placement
  /** undefined while it is on its way. */
  readonly node: string | undefined
}

/**
 * What only this replica knows: what the API server has not shown it, it has not shown to others either. Of n replicas
 * each may be giving the same room away at this moment, and none can ask the others while a request waits. So each counts
 * its own doing n-fold meanwhile: what it gives away beside its last pod is then at most the n-th part of the room. All
 * of them together stay within the room, but for two pods by each of the others that are admitted in the same instant;
 * that is for the floor to bear. It costs a pod that would have fitted another try.
 */
export class UnsharedPods {
  /** Those on their way. */
  readonly waiting = new WaitingPods()
  readonly #pods = new Map<string, UnsharedPod>()
  readonly #byNode = new Map<string, Pids>()
  readonly #deadlines = new Deadlines<string>(unsharedTime)

  get size(): number {
    return this.#pods.size
  }

  get pods(): Iterable<UnsharedPod> {
    return this.#pods.values()
  }

  get(uid: string): UnsharedPod | undefined {
    return this.#pods.get(uid)
  }

  /** Σ of the estimates of those bound to the node. */
  on(node: string): Pids {
    return this.#byNode.get(node) ?? 0
  }

  /** One that is held already begins anew, where it is now. */
  add(pod: UnsharedPod, now: Millis): void {
    this.delete(pod.uid)
    this.#pods.set(pod.uid, pod)
    this.#deadlines.add(pod.uid, now)
    if (pod.node === undefined) this.waiting.add(pod.placement, pod.pids)
    else this.#byNode.set(pod.node, this.on(pod.node) + pod.pids)
  }

  delete(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    this.#pods.delete(uid)
    this.#deadlines.delete(uid)
    const { node, placement, pids } = pod
    if (node === undefined) this.waiting.delete(placement, pids)
    else if (this.on(node) === pids) this.#byNode.delete(node)
    else this.#byNode.set(node, this.on(node) - pids)
  }

  expire(now: Millis): void {
    for (let uid = this.#deadlines.takeExpired(now); uid !== undefined; uid = this.#deadlines.takeExpired(now)) {
      this.delete(uid)
    }
  }
}
