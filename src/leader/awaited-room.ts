import type { Millis, Pids } from '../lib/units.ts'

/*
 * Which nodes are closed for the sake of pods that wait.
 *
 * A scheduler that does not look at PIDs picks the same full node for a pod again and again, and each time the binding is
 * refused. A taint has no size: it keeps small pods from a node as well as large ones. So nodes are closed for the largest
 * pod that waits and fits somewhere: wherever it would not fit. It lands within moments, then the next one decides. Every
 * waiting pod counts against every node it may land on until it is bound or gone, so nothing has to be remembered of the
 * nodes that refused it.
 *
 * A pod that fits nowhere closes the nodes where nobody who waits fits: the scheduler then calls it unschedulable, which
 * autoscalers see, and does not try again before a node opens.
 */

/** Pods of one size and placement that wait for a node. */
export interface AwaitingPods {
  readonly key: string
  readonly pids: Pids
  /** The nodes they may land on. */
  readonly nodes: readonly { readonly name: string }[]
}

/**
 * How long one size of pods closes the nodes that are too small for it. The scheduler tries a pod again after 10 s at the
 * latest; one that has not landed after three tries is kept by something else than PIDs. Own choice.
 */
const steeringTime: Millis = 30_000

/** How long it must then leave the nodes to others. Own choice. */
const restingTime: Millis = 60_000

/** The most sizes looked at, the largest first: 5,000 nodes are then gone through in some milliseconds. Own choice. */
const mostGroups = 100

/** What decides for each node whether it is closed. */
export class AwaitedRoom {
  /** Since when each size has been steered. */
  readonly #since = new Map<string, Millis>()

  /**
   * The PIDs that must be free on a node for it to be open; absent for a node that nobody waits for. `free`: by node, of those
   * that are known and that only our taint may close.
   */
  needs(waiting: readonly AwaitingPods[], free: ReadonlyMap<string, Pids>, now: Millis): ReadonlyMap<string, Pids> {
    const needs = new Map<string, Pids>()
    const stuck: AwaitingPods[] = []
    const largestFirst = waiting.toSorted((a, b) => b.pids - a.pids).slice(0, mostGroups)
    for (const pods of largestFirst) {
      if (!pods.nodes.some(({ name }) => (free.get(name) ?? Number.NEGATIVE_INFINITY) >= pods.pids)) stuck.push(pods)
      else {
        const open = pods.nodes.filter(({ name }) => free.has(name) && !needs.has(name))
        if (open.length > 0 && this.#maySteer(pods.key, now)) for (const { name } of open) needs.set(name, pods.pids)
      }
    }
    // The smallest of them last, so that it decides.
    const least = new Map<string, Pids>()
    for (const { nodes, pids } of stuck) for (const { name } of nodes) if (free.has(name)) least.set(name, pids)
    for (const [name, pids] of least) if (!needs.has(name)) needs.set(name, pids)
    const keys = new Set(waiting.map(({ key }) => key))
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key)
    return needs
  }

  #maySteer(key: string, now: Millis): boolean {
    const since = this.#since.get(key)
    if (since === undefined || now - since >= steeringTime + restingTime) {
      this.#since.set(key, now)
      return true
    }
    return now - since < steeringTime
  }
}
