import { wholePods } from '../headroom/ceiling-account.ts'
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
 * The scheduler has chosen a node some milliseconds after a pod is made, before any taint. So nodes stay closed for a while after
 * the pods that closed them have landed: a rollout makes them in batches, and the next pods, unless they are larger, find a node
 * at once. And of many pods that wait, as many as possible are to fit on a node that is open: each node that they fill refuses
 * some of them. So the roomiest nodes are filled first.
 *
 * Pods that have just begun to wait open no node that is closed for those expected, as long as the open ones hold all of them: each
 * small pod would open most nodes for a moment. After two seconds a pod that waits goes before all that are only expected.
 *
 * Larger pods may keep a small one waiting, one size after the other. Who has waited for 30 s goes before all larger ones, for as long
 * as the scheduler takes to try three times; of several such sizes the smallest, so that each fits where it does. Every node that it fits on
 * is open to it then: what keeps it from the roomiest may be something else than PIDs.
 *
 * A pod that fits nowhere closes the nodes where nobody who waits fits: the scheduler then calls it unschedulable, which
 * autoscalers see, and does not try again before a node opens.
 */

/** Pods of one size and placement that wait for a node. */
export interface AwaitingPods {
  readonly key: string
  readonly pids: Pids
  /** How many of them wait. */
  readonly count: number
  /** The nodes they may land on. */
  readonly nodes: readonly { readonly name: string }[]
}

/**
 * How long one size of pods closes the nodes that are too small for it. The scheduler tries a pod again after 10 s at the
 * latest; one that has not landed after three tries is kept by something else than PIDs. Own choice.
 */
const steeringTime: Millis = 30_000

/** How long it then leaves the nodes to others that wait. Own choice. */
const restingTime: Millis = 60_000

/** How long pods are expected to be followed by others like them: a rollout makes them in batches. Own choice. */
const expectedTime: Millis = 30_000

/** How long pods have just begun to wait: until the scheduler has tried a refused one again, after one second. Own choice. */
const newTime: Millis = 2_000

/** The least that an open node takes of pods that have just begun to wait, as a share of what the roomiest takes. Own choice. */
const leastShare = 0.5

/** The most sizes looked at, the largest first: 5,000 nodes are then gone through in some milliseconds. Own choice. */
const mostGroups = 100

/** What decides for each node whether it is closed. */
export class AwaitedRoom {
  /** Since when each size waits. */
  readonly #waitingSince = new Map<string, Millis>()
  /** Since when each size has been steered. */
  readonly #since = new Map<string, Millis>()
  /** Pods that waited a moment ago, as many as there were at once, with the instant they were seen last. */
  readonly #recent = new Map<string, { readonly pods: AwaitingPods; readonly seenAt: Millis }>()

  /**
   * The PIDs that must be free on a node for it to be open; absent for a node that nobody waits for. `free`: by node, of those
   * that are known and that only our taint may close.
   */
  needs(waiting: readonly AwaitingPods[], free: ReadonlyMap<string, Pids>, now: Millis): ReadonlyMap<string, Pids> {
    const needs = new Map<string, Pids>()
    const stuck: AwaitingPods[] = []
    const fitting: AwaitingPods[] = []
    this.#look(waiting, now)
    const inOrder = this.#inOrder(waiting, now).slice(0, mostGroups)
    for (const pods of inOrder) {
      if (!fitsSomewhere(pods, free)) {
        stuck.push(pods)
        continue
      }
      fitting.push(pods)
      if (hasOpen(pods, free, needs) && this.#maySteer(pods.key, now))
        steer(
          pods,
          this.#isKept(pods, now) ? pods.pids : roomFor(pods, free, this.#isNew(pods.key, now) ? leastShare : 0),
          free,
          needs
        )
    }
    const smallestFirst = stuck.sort((a, b) => a.pids - b.pids)
    for (const pods of smallestFirst) steer(pods, pods.pids, free, needs)
    for (const pods of inOrder) this.#remember(pods, now)
    this.#keepForExpected(fitting, free, needs, now)
    return needs
  }

  #look(waiting: readonly AwaitingPods[], now: Millis): void {
    const keys = new Set(waiting.map(({ key }) => key))
    for (const held of [this.#waitingSince, this.#since])
      for (const key of held.keys()) if (!keys.has(key)) held.delete(key)
    for (const key of keys) if (!this.#waitingSince.has(key)) this.#waitingSince.set(key, now)
  }

  #isNew(key: string, now: Millis): boolean {
    return now - (this.#waitingSince.get(key) ?? now) < newTime
  }

  /** The largest first; before all, the smallest first, those that others have kept waiting. */
  #inOrder(waiting: readonly AwaitingPods[], now: Millis): readonly AwaitingPods[] {
    const kept = waiting.filter((pods) => this.#isKept(pods, now))
    const others = kept.length === 0 ? waiting : waiting.filter((pods) => !this.#isKept(pods, now))
    return [...kept.sort((a, b) => a.pids - b.pids), ...others.toSorted((a, b) => b.pids - a.pids)]
  }

  /** Others have gone before it for long, and it is its turn. */
  #isKept({ key }: AwaitingPods, now: Millis): boolean {
    const waited = now - (this.#waitingSince.get(key) ?? now)
    return waited >= steeringTime && !this.#isResting(key, now)
  }

  /** Raises needs to those of the pods that are expected, but where pods that wait need the node. */
  #keepForExpected(
    fitting: readonly AwaitingPods[],
    free: ReadonlyMap<string, Pids>,
    needs: Map<string, Pids>,
    now: Millis
  ): void {
    const expected = new Map<string, Pids>()
    for (const pods of this.#expected(now)) {
      if (fitsSomewhere(pods, free)) steer(pods, roomFor(pods, free, leastShare), free, expected)
    }
    const isOpen = (name: string): boolean => {
      return (free.get(name) ?? Number.NEGATIVE_INFINITY) >= Math.max(needs.get(name) ?? 0, expected.get(name) ?? 0)
    }
    const needed = new Set<string>()
    for (const { key, nodes, pids, count } of fitting) {
      let held = 0
      for (const { name } of nodes) if (isOpen(name)) held += wholePods(free.get(name) ?? 0, pids)
      if (held < count || !this.#isNew(key, now)) for (const { name } of nodes) needed.add(name)
    }
    for (const [name, need] of expected) {
      const own = needs.get(name)
      if (own === undefined || (own < need && !needed.has(name))) needs.set(name, need)
    }
  }

  /** Where nobody else waits, the next pods are taken to be like those that came last, or that wait in vain. */
  #expected(now: Millis): AwaitingPods[] {
    for (const [key, { seenAt }] of this.#recent) if (now - seenAt >= expectedTime) this.#recent.delete(key)
    return [...this.#recent.values()].map(({ pods }) => pods).sort((a, b) => b.pids - a.pids)
  }

  #remember(pods: AwaitingPods, now: Millis): void {
    const count = Math.max(pods.count, this.#recent.get(pods.key)?.pods.count ?? 0)
    // Those seen last come last.
    this.#recent.delete(pods.key)
    this.#recent.set(pods.key, { pods: { ...pods, count }, seenAt: now })
    if (this.#recent.size > mostGroups) this.#recent.delete(this.#recent.keys().next().value as string)
  }

  #maySteer(key: string, now: Millis): boolean {
    if (this.#isResting(key, now)) return false
    const since = this.#since.get(key)
    if (since === undefined || now - since >= steeringTime) this.#since.set(key, now)
    return true
  }

  #isResting(key: string, now: Millis): boolean {
    const steered = now - (this.#since.get(key) ?? now)
    return steered >= steeringTime && steered < steeringTime + restingTime
  }
}

function steer({ nodes }: AwaitingPods, need: Pids, free: ReadonlyMap<string, Pids>, needs: Map<string, Pids>): void {
  for (const { name } of nodes) if (free.has(name) && !needs.has(name)) needs.set(name, need)
}

/** Whether there is a node for it that no larger pods decide about. */
function hasOpen({ nodes }: AwaitingPods, free: ReadonlyMap<string, Pids>, needs: ReadonlyMap<string, Pids>): boolean {
  return nodes.some(({ name }) => free.has(name) && !needs.has(name))
}

function fitsSomewhere({ nodes, pids }: AwaitingPods, free: ReadonlyMap<string, Pids>): boolean {
  return nodes.some(({ name }) => (free.get(name) ?? Number.NEGATIVE_INFINITY) >= pids)
}

/**
 * What a node must have free to be open to these pods: room for as many of them as leaves enough nodes open for all, and for
 * `leastShare` of what the roomiest holds.
 */
function roomFor({ nodes, pids, count }: AwaitingPods, free: ReadonlyMap<string, Pids>, leastShare: number): Pids {
  const mostFirst = nodes.map(({ name }) => Math.min(count, wholePods(free.get(name) ?? 0, pids))).sort((a, b) => b - a)
  const least = Math.max(1, Math.ceil((mostFirst[0] ?? 0) * leastShare))
  let held = 0
  for (const pods of mostFirst) {
    held += pods
    if (held >= count) return Math.max(least, pods) * pids
  }
  return least * pids
}
