import { isDeepStrictEqual } from 'node:util'
import { anyNode, type Placement } from '../../kubernetes/placement.ts'
import { DueTimes } from '../../lib/expiry-heap.ts'
import { Deadlines } from '../../lib/expiry-list.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { WorkloadName } from '../../model/cluster-objects.ts'
import type { Ceiling } from '../../model/node-reading.ts'
import type { Clock } from '../../ports/runtime.ts'
import { isKnown, isWhole } from '../ceiling-account.ts'
import { CandidateSets } from './candidate-sets.ts'
import { NamespaceEntry, NodeEntry, PodEntry, type PodState, StaticPodEntry } from './entries.ts'
import type { NodeFacts, NodeReading, PodFacts } from './facts.ts'
import { enter, reobserve, withdraw } from './sums.ts'
import { UnsharedPods } from './unshared-pods.ts'
import { WaitingPods } from './waiting-pods.ts'
import { Workloads } from './workload-peaks.ts'

/**
 * How long a pod that was admitted here counts although the API server has not shown it, and a binding although the
 * pod has not been shown on its node. A request ends after 60 s at the latest (kube-apiserver --request-timeout): what
 * is not stored by then never will be, because a quota or another webhook refused it.
 */
export const assumedTime: Millis = 60_000

/**
 * How long a pod that is not bound counts. A pod for which there is room is bound within seconds, and one that is not
 * is tried again after five minutes at the latest (kube-scheduler, podMaxInUnschedulablePodsDuration). One that is
 * still not bound waits for something else than PIDs, and must not hold them; its binding is looked at when it comes.
 * Pods of the first list have waited since they were created, or each restart would hold room for all that are pending;
 * one with scheduling gates begins to wait when they are gone.
 */
export const waitingTime: Millis = 5 * 60_000

/**
 * How long what is known of a ceiling bridges readings without it. A kubelet leaves out all of cAdvisor's figures when
 * one container comes or goes while it is asked ("Couldn't get containers: partial failures" in its log, seen with
 * v1.20), which is just when pods are created: what was known a moment ago must not be unknown then.
 */
export const bridgedTime: Millis = 60_000

/**
 * How far a reading may lie in the future before it is taken for one by a clock that was set back meanwhile. Instants of
 * readings are by our own wall clock, whatever those of nodes say, so that any future is odd. Own choice: a clock that is
 * set back by less makes readings late for no longer than that.
 */
export const clockSlack: Millis = 1_000

/** A pod just admitted. */
export interface Admitted {
  /** The API server has given the uid before validating webhooks are called. */
  readonly uid: string
  readonly namespace: string
  readonly workload: WorkloadName
  readonly pids: Pids
  readonly placement: Placement
}

type PodChange = Pick<PodEntry, 'state' | 'estimate' | 'placement' | 'node'>

/**
 * What counts against each node: readings, the pods there, and the pods on their way. Every event costs the same
 * whatever the size of the fleet (a reading: one step per pod of its node); may come repeated, and in any order among
 * different things.
 */
export class Ledger {
  readonly candidates: CandidateSets<NodeEntry>
  readonly waiting = new WaitingPods()
  readonly unshared = new UnsharedPods()
  readonly workloads = new Workloads()
  readonly #clock: Clock
  readonly #defaultEstimate: (namespace: string) => Pids
  readonly #nodes = new Map<string, NodeEntry>()
  readonly #pods = new Map<string, PodEntry>()
  readonly #namespaces = new Map<string, NamespaceEntry>()
  readonly #assumed = new Deadlines<PodEntry>(assumedTime)
  readonly #bindings = new Deadlines<PodEntry>(assumedTime)
  readonly #waits = new DueTimes<PodEntry>()
  /** All pods there are have been told of once: those told of from now on are new. */
  #isListed = false

  /**
   * `defaultEstimate` counts pods of which nothing else is known: no figure of their own, not admitted here, and none of
   * their workload was seen running.
   */
  constructor(clock: Clock, defaultEstimate: (namespace: string) => Pids) {
    this.#clock = clock
    this.#defaultEstimate = defaultEstimate
    this.candidates = new CandidateSets(
      () => this.#nodes.values(),
      (name) => this.#nodes.get(name)
    )
  }

  /** Every node there is word of, also those the API server does not know: look at `facts`. */
  get nodes(): Iterable<NodeEntry> {
    return this.#nodes.values()
  }

  node(name: string): NodeEntry | undefined {
    return this.#nodes.get(name)
  }

  pod(uid: string): PodEntry | undefined {
    return this.#pods.get(uid)
  }

  namespace(name: string): NamespaceEntry | undefined {
    return this.#namespaces.get(name)
  }

  get podCount(): number {
    return this.#pods.size
  }

  /** Pods that count here although the API server has not shown it: admitted, and bound. */
  get reservations(): { readonly admitted: number; readonly bindings: number } {
    return { admitted: this.#assumed.size, bindings: this.#bindings.size }
  }

  observeNode(facts: NodeFacts): void {
    const node = this.#nodeOf(facts.name)
    const held = node.facts
    node.facts = facts
    // The same name on another machine: what the old one said is not true of the new one.
    if (held !== undefined && held.uid !== facts.uid) forgetReading(node)
    if (held === undefined || !isSamePlace(held, facts)) this.candidates.changed(node)
  }

  /** Pods may still be on it for a moment, until the API server says otherwise. */
  removeNode(name: string): void {
    const node = this.#nodes.get(name)
    if (node === undefined) return
    node.facts = undefined
    forgetReading(node)
    this.candidates.changed(node)
    this.#dropIfEmpty(node)
  }

  /**
   * A reading older than the one held is late, and says nothing new; unless the one held is of a time that has yet to
   * come, by a clock that was set back. One that lacks a ceiling does not take away what is
   * known of it, for a while: the node is then as old as the oldest of what counts there. What single pods have grown by
   * meanwhile is added to what was in use, since it is pending no more; what others have shrunk by is not taken off. That
   * is too much rather than too little, until the ceiling is read again.
   */
  observeReading(reading: NodeReading): void {
    const node = this.#nodeOf(reading.node)
    const since = reading.at - node.readingAt
    if (since < 0 && node.readingAt <= this.#clock.now() + clockSlack) return
    const isBridged = node.isWhole && !isWhole(reading) && since >= 0 && since < bridgedTime
    // Not known for any pod: what was seen of them before is still the best there is.
    const growth = reading.pods === undefined ? 0 : this.#observePods(node, reading.pods, reading.at)
    node.readingAt = isBridged ? node.readingAt : reading.at
    node.host = isBridged && !isKnown(reading.host) ? grown(node.host, growth) : reading.host
    node.kubepods = isBridged && !isKnown(reading.kubepods) ? grown(node.kubepods, growth) : reading.kubepods
    node.isWhole = isWhole(node)
  }

  observePod(facts: PodFacts): void {
    this.expire()
    const held = this.#pods.get(facts.uid)
    const placement = facts.node === undefined ? (facts.placement ?? held?.placement ?? anyNode) : undefined
    const pod = held ?? this.#make(facts, 'waiting', placement)
    const estimate = facts.estimated ?? facts.declared ?? pod.admitted ?? this.#expectedOf(pod)
    this.#assumed.delete(pod)
    // Shown to us, it is shown to all; but for a word that is older than the binding we allowed.
    if (facts.node !== undefined || !this.#bindings.has(pod)) this.unshared.delete(facts.uid)
    const waited = held === undefined && !this.#isListed ? this.#ageOf(facts) : 0
    const state = this.#stateOf(facts, pod, waited)
    const node = this.#placeOf(facts, pod, state, placement)
    // A pod that waits on is not begun to be waited for anew.
    if (state === 'waiting') {
      if (!this.#waits.has(pod)) this.#waits.add(pod, this.#clock.monotonic() - waited + waitingTime)
    } else this.#waits.delete(pod)
    if (facts.node !== undefined || state === 'ended') this.#bindings.delete(pod)
    this.#change(pod, { state, estimate, placement, node }, held === undefined)
    if (pod.workload !== undefined) {
      pod.workload.estimate = estimate
      if (facts.placement !== undefined) pod.workload.placement = facts.placement
    }
  }

  removePod(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    withdraw(pod, this.waiting)
    unclaim(pod)
    this.unshared.delete(uid)
    this.#forget(pod)
  }

  /** After a full list: pods the API server showed once, and that are not in it, are gone. Those just admitted stay. */
  retainPods(has: (uid: string) => boolean): void {
    this.#isListed = true
    for (const pod of this.#pods.values()) {
      if (pod.state !== 'assumed' && !has(pod.uid)) this.removePod(pod.uid)
    }
  }

  retainNodes(has: (name: string) => boolean): void {
    for (const node of this.#nodes.values()) {
      if (node.facts !== undefined && !has(node.name)) this.removeNode(node.name)
    }
  }

  /** Counts a pod that was just admitted, until the API server shows it. The same uid counts once. */
  assume(admitted: Admitted): void {
    const { uid, pids, placement } = admitted
    this.expire()
    if (this.#pods.has(uid)) return
    const pod = this.#make(admitted, 'assumed', placement)
    pod.admitted = pids
    this.#assumed.add(pod, this.#clock.monotonic())
    const node = placement.pinned === undefined ? undefined : this.#nodeOf(placement.pinned)
    this.#change(pod, { ...pod, estimate: pids, node }, true)
    this.unshared.add({ uid, pids, placement, node: placement.pinned }, this.#clock.monotonic())
    if (pod.workload === undefined) return
    pod.workload.estimate = pids
    pod.workload.placement = placement
  }

  /** Counts a pod against the node it was just allowed to be bound to, until the API server shows it there. */
  confirm(uid: string, nodeName: string): void {
    this.expire()
    const pod = this.#pods.get(uid)
    if (pod === undefined || pod.state === 'bound' || pod.state === 'ended') return
    this.#bindings.add(pod, this.#clock.monotonic())
    this.#change(pod, { ...pod, node: this.#nodeOf(nodeName) })
    const { estimate, placement = anyNode } = pod
    this.unshared.add({ uid, pids: estimate, placement, node: nodeName }, this.#clock.monotonic())
  }

  /** Takes back what was assumed of a pod that will not come after all; what the API server has shown stays. */
  release(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod?.state === 'assumed') this.removePod(uid)
  }

  /** Lets go of what was assumed too long ago. Everything that reads the ledger calls it first. */
  expire(): void {
    if (this.#assumed.size + this.#bindings.size + this.#waits.size + this.unshared.size === 0) return
    const now = this.#clock.monotonic()
    this.unshared.expire(now)
    for (let pod = this.#assumed.takeExpired(now); pod !== undefined; pod = this.#assumed.takeExpired(now)) {
      this.removePod(pod.uid)
    }
    for (let pod = this.#bindings.takeExpired(now); pod !== undefined; pod = this.#bindings.takeExpired(now)) {
      this.#change(pod, { ...pod, node: this.#pinnedNode(pod) })
    }
    for (let pod = this.#waits.takeDue(now); pod !== undefined; pod = this.#waits.takeDue(now)) {
      // Known to be on its way to a node: it is counted there until that is confirmed or not.
      if (this.#bindings.has(pod)) this.#waits.add(pod, now + waitingTime)
      else this.#change(pod, { ...pod, state: 'idle', node: undefined })
    }
  }

  /** Drops what nothing refers to any more; to be called every few minutes. */
  sweep(): void {
    this.expire()
    this.workloads.sweep(this.#clock.now())
    for (const node of this.#nodes.values()) {
      // A reading that came after its node was gone.
      if (node.facts === undefined && this.#clock.now() - node.readingAt > waitingTime) {
        forgetReading(node)
        this.#dropIfEmpty(node)
      }
    }
  }

  /** Of a pod with no figure, not admitted here: as `estimateOf` has it, but for profiles, which look at containers. */
  #expectedOf({ namespace, workload }: PodEntry): Pids {
    const assumed = this.#defaultEstimate(namespace.name)
    return workload === undefined ? assumed : workload.expected(assumed, this.#clock.now())
  }

  /** By two clocks that may differ: from 0, and only a matter of pods that were there before this process. */
  #ageOf({ createdAt }: PodFacts): Millis {
    return createdAt === undefined ? 0 : Math.max(0, this.#clock.now() - createdAt)
  }

  #stateOf({ phase, deleting, node, isGated }: PodFacts, pod: PodEntry, waited: Millis): PodState {
    if (deleting || phase === 'Succeeded' || phase === 'Failed') return 'ended'
    if (node !== undefined) return 'bound'
    if (isGated === true) return 'gated'
    return pod.state === 'idle' || waited >= waitingTime ? 'idle' : 'waiting'
  }

  #placeOf(
    { node }: PodFacts,
    pod: PodEntry,
    state: PodState,
    placement: Placement | undefined
  ): NodeEntry | undefined {
    if (node !== undefined) return this.#nodeOf(node)
    if (state === 'ended') return undefined
    // An older word than the binding that was allowed here.
    if (this.#bindings.has(pod)) return pod.node
    return this.#pinnedNode({ state, placement })
  }

  /** Where a pod that is not bound can only go, while it is to go anywhere. */
  #pinnedNode({ state, placement }: Pick<PodEntry, 'state' | 'placement'>): NodeEntry | undefined {
    if (state === 'idle' || state === 'gated' || placement?.pinned === undefined) return undefined
    return this.#nodeOf(placement.pinned)
  }

  #make(
    { uid, namespace, workload, cgroup }: Pick<PodFacts, 'uid' | 'namespace' | 'workload' | 'cgroup'>,
    state: PodState,
    placement: Placement | undefined
  ): PodEntry {
    const rest = [
      uid,
      this.#namespaceOf(namespace),
      this.workloads.join(namespace, workload),
      state,
      placement
    ] as const
    const pod = cgroup === undefined ? new PodEntry(...rest) : new StaticPodEntry(cgroup, ...rest)
    pod.namespace.pods++
    this.#pods.set(uid, pod)
    return pod
  }

  #forget(pod: PodEntry): void {
    this.#pods.delete(pod.uid)
    this.#assumed.delete(pod)
    this.#bindings.delete(pod)
    this.#waits.delete(pod)
    if (pod.workload !== undefined) this.workloads.leave(pod.workload, this.#clock.now())
    pod.namespace.pods--
    if (pod.namespace.pods === 0) this.#namespaces.delete(pod.namespace.name)
    if (pod.node !== undefined) this.#dropIfEmpty(pod.node)
  }

  /** The one way a pod's figures change: taken out of all sums as they were, put back as they are. */
  #change(pod: PodEntry, { state, estimate, placement, node }: PodChange, isNew = false): void {
    const before = pod.node
    if (!isNew) withdraw(pod, this.waiting)
    const moves = isNew || before !== node
    if (moves && !isNew) unclaim(pod)
    pod.state = state
    pod.estimate = estimate
    pod.placement = placement
    pod.node = node
    if (moves) claim(pod)
    enter(pod, this.waiting)
    if (before !== undefined && moves) this.#dropIfEmpty(before)
  }

  /** Gives Σ of what single pods hold more than in the reading before. */
  #observePods(node: NodeEntry, pods: ReadonlyMap<string, Pids>, at: Millis): Pids {
    let found = 0
    let growth = 0
    for (const pod of node.pods) {
      const observed = this.#observedOf(pod, pods)
      if (observed !== undefined) {
        found++
        if (pod.state === 'bound') pod.workload?.observe(observed, at)
        if (observed > pod.observed) growth += observed - pod.observed
      }
      reobserve(pod, observed ?? 0)
    }
    const before = node.unclaimed
    node.unclaimed = found === pods.size ? undefined : this.#unclaimedOf(node, pods)
    if (node.unclaimed === undefined) return growth
    for (const [uid, pids] of node.unclaimed) growth += Math.max(0, pids - (before?.get(uid) ?? 0))
    return growth
  }

  /** A pod that claims the tasks of another one has none. */
  #observedOf({ uid, cgroup }: PodEntry, pods: ReadonlyMap<string, Pids>): Pids | undefined {
    return cgroup !== uid && this.#pods.has(cgroup) ? undefined : pods.get(cgroup)
  }

  #unclaimedOf(node: NodeEntry, pods: ReadonlyMap<string, Pids>): Map<string, Pids> {
    const unclaimed = new Map(pods)
    for (const { cgroup } of node.pods) unclaimed.delete(cgroup)
    return unclaimed
  }

  #nodeOf(name: string): NodeEntry {
    let node = this.#nodes.get(name)
    if (node === undefined) {
      node = new NodeEntry(name)
      this.#nodes.set(name, node)
    }
    return node
  }

  #namespaceOf(name: string): NamespaceEntry {
    let namespace = this.#namespaces.get(name)
    if (namespace === undefined) {
      namespace = new NamespaceEntry(name)
      this.#namespaces.set(name, namespace)
    }
    return namespace
  }

  #dropIfEmpty(node: NodeEntry): void {
    if (node.facts === undefined && node.pods.length === 0 && node.readingAt === Number.NEGATIVE_INFINITY) {
      this.#nodes.delete(node.name)
    }
  }
}

function grown({ limit, inUse }: Ceiling, growth: Pids): Ceiling {
  return { limit, inUse: inUse === undefined ? undefined : inUse + growth }
}

/** What the node's last reading already says of a pod that only now is known to be there. */
function claim(pod: PodEntry): void {
  const { unclaimed } = pod.node ?? {}
  pod.observed = unclaimed?.get(pod.cgroup) ?? 0
  unclaimed?.delete(pod.cgroup)
}

/** The node's last reading still holds the tasks of a pod that leaves the ledger or the node. */
function unclaim({ cgroup, node, observed }: PodEntry): void {
  if (node === undefined || observed === 0) return
  node.unclaimed ??= new Map()
  node.unclaimed.set(cgroup, observed)
}

/** Without a reading nothing is observed. */
function forgetReading(node: NodeEntry): void {
  node.forgetReading()
  for (const pod of node.pods) reobserve(pod, 0)
}

/** Equal in all that decides who may land there. */
function isSamePlace(a: NodeFacts, b: NodeFacts): boolean {
  return (
    a.unschedulable === b.unschedulable &&
    isDeepStrictEqual(a.taints, b.taints) &&
    isDeepStrictEqual(a.labels, b.labels)
  )
}
