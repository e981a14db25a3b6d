import { anyNode } from '../../kubernetes/placement/placement.ts'
import { ExpiryQueue } from '../../lib/expiry-queue.ts'
import type { Pids } from '../../lib/units.ts'
import type { Clock } from '../../ports/runtime.ts'
import { type Estimate, figureOf } from '../estimate.ts'
import { Callers } from './callers.ts'
import type { CandidateSets } from './candidate-sets.ts'
import type { NamespaceEntry, NodeEntry, PodEntry } from './entries.ts'
import { Gangs } from './gangs/gangs.ts'
import type { Admitted, LedgerNode, LedgerPod, LedgerReading } from './ledger-inputs.ts'
import { mayBeBound } from './may-land.ts'
import { NodeBook } from './node-book.ts'
import { PodFigures } from './peaks/pod-figures.ts'
import type { Workloads } from './peaks/workload-peaks.ts'
import { PodBook } from './pod-book.ts'
import { assumedTime, bindingTime, isHeldUp, stateOf } from './pod-states.ts'
import { end } from './reading-shares.ts'
import { reestimate } from './sums.ts'
import { UnseenByPeers } from './unseen-by-peers.ts'
import type { WaitingPods } from './waiting-pods.ts'

/**
 * What counts against each node: readings, the pods there, and the pods on their way to a node. The states of a pod, the
 * events between them, and what this rests on: see pod-states.ts.
 */
export class Ledger {
  readonly unseen = new UnseenByPeers()
  readonly gangs: Gangs
  readonly #clock: Clock
  readonly #figures: PodFigures
  readonly #nodes: NodeBook
  readonly #pods: PodBook
  readonly #callers = new Callers()
  readonly #assumed = new ExpiryQueue<PodEntry>()
  readonly #bindings = new ExpiryQueue<PodEntry>()
  /** Pods whose last gate was just allowed to be removed. */
  readonly #ungated = new ExpiryQueue<PodEntry>()

  /**
   * `defaultEstimate` counts pods of which nothing else is known: no figure of their own, not admitted here, and no pod of
   * their workload seen running.
   */
  constructor(clock: Clock, defaultEstimate: (namespace: string) => Pids) {
    this.#clock = clock
    this.#figures = new PodFigures(clock, defaultEstimate)
    this.#nodes = new NodeBook(clock, (uid) => this.#pods.has(uid))
    this.#pods = new PodBook(clock, (node) => this.#nodes.dropIfEmpty(node))
    this.gangs = new Gangs(clock, this.#pods.waiting, (pod, state) =>
      this.#pods.change(pod, { ...pod, state, node: this.#awaited({ ...pod, state }, pod) })
    )
  }

  /** Every node that an object, a reading or a pod names; `facts` is undefined where the API server does not know it. */
  get nodes(): Iterable<NodeEntry> {
    return this.#nodes.all
  }

  node(name: string): NodeEntry | undefined {
    return this.#nodes.get(name)
  }

  get candidates(): CandidateSets<NodeEntry> {
    return this.#nodes.candidates
  }

  pod(uid: string): PodEntry | undefined {
    return this.#pods.get(uid)
  }

  get podCount(): number {
    return this.#pods.size
  }

  namespace(name: string): NamespaceEntry | undefined {
    return this.#pods.namespace(name)
  }

  get waiting(): WaitingPods {
    return this.#pods.waiting
  }

  get workloads(): Workloads {
    return this.#pods.workloads
  }

  /** Pods that count here although the API server has not shown it: admitted, and bound. */
  get reservations(): { readonly admitted: number; readonly bindings: number } {
    return { admitted: this.#assumed.size, bindings: this.#bindings.size }
  }

  observeNode(facts: LedgerNode): void {
    this.#nodes.observe(facts)
  }

  removeNode(name: string): void {
    this.#nodes.remove(name)
  }

  retainNodes(has: (name: string) => boolean): void {
    this.#nodes.retain(has)
  }

  observeReading(reading: LedgerReading): void {
    this.#nodes.observeReading(reading)
    // A pod without a figure of its own follows what its workload is seen to hold: every replica, and after a restart.
    for (const pod of this.#nodes.get(reading.node)?.pods ?? []) {
      pod.limit = reading.podLimits?.get(pod.cgroup) ?? pod.limit
      const mayChange = pod.limit !== undefined || (pod.admitted === undefined && pod.workload !== undefined)
      if (pod.state === 'bound' && mayChange) reestimate(pod, this.#figures.pidsOf(pod))
    }
  }

  /**
   * Counts a pod that was just admitted, until the API server shows it; or a gated pod whose last gate was just allowed to be
   * removed, until the API server shows it without gates. Any other uid that is known already is not counted again.
   * Returns whether it was counted, and as the pod of its namespace: its caller is believed.
   */
  assume(admitted: Admitted): boolean {
    const { uid, pids, placement } = admitted
    this.expire()
    const held = this.#pods.get(uid)
    const now = this.#clock.monotonic()
    if (held !== undefined && !(held.state === 'gated' && this.#callers.believes(admitted, now))) return false
    const state = held === undefined ? 'assumed' : 'waiting'
    const asked = held === undefined ? this.#callers.ask(admitted, now) : admitted
    const pod = held ?? this.#pods.make(asked, state, placement)
    this.gangs.assign(pod, asked.group, held === undefined)
    pod.admitted = pids
    const queue = held === undefined ? this.#assumed : this.#ungated
    queue.add(pod, now + assumedTime)
    const node = this.#awaited({ state, placement }, pod)
    this.#pods.change(pod, { state, estimate: pids, placement, node }, held === undefined)
    this.gangs.changed(pod, true)
    this.unseen.add({ uid, namespace: pod.namespace.name, pids, placement, node: placement.pinned }, now)
    if (pod.workload !== undefined) Object.assign(pod.workload, { estimate: pids, placement })
    return asked === admitted
  }

  observePod(facts: LedgerPod): void {
    this.expire()
    // It counted as nobody's, and begins anew as a pod of its namespace.
    if (this.#callers.show(facts.uid, this.#clock.monotonic())) this.removePod(facts.uid)
    const held = this.#pods.get(facts.uid)
    const hasCome = held === undefined || held.state === 'gated'
    const placement = facts.node === undefined ? (facts.placement ?? held?.placement ?? anyNode) : undefined
    const pod = held ?? this.#pods.make(facts, 'waiting', placement)
    this.gangs.assign(pod, facts.group, held === undefined)
    pod.template ??= facts.template
    pod.show(facts)
    // The first figure counts for the pod's life: whoever may patch the pod could write any other later.
    pod.admitted ??= figureOf(facts)?.pids
    const estimate = this.#figures.pidsOf(pod)
    this.#assumed.delete(pod)
    // Once the API server has shown us this pod, the other replicas see it too, so no room is set aside for it any longer;
    // unless this event predates a binding that we just allowed.
    if (facts.node !== undefined || !this.#bindings.has(pod)) this.unseen.delete(facts.uid)
    // This event predates the removal of its last gate, which we just allowed.
    const predates = facts.isGated === true && this.#ungated.has(pod)
    const state = stateOf(predates ? { ...facts, isGated: false, isUnschedulable: false } : facts)
    if (!predates || state !== 'waiting') this.#ungated.delete(pod)
    const node = facts.node === undefined ? this.#awaited({ state, placement }, pod) : this.#nodes.open(facts.node)
    if (facts.node !== undefined || state === 'ended') this.#bindings.delete(pod)
    this.#pods.change(pod, { state, estimate, placement, node }, held === undefined)
    if (pod.hasFinished) end(pod, this.#clock.now())
    this.gangs.changed(pod, hasCome)
    if (pod.workload !== undefined) {
      pod.workload.estimate = estimate
      // A placement that names a node is this pod's alone.
      if (facts.placement !== undefined && facts.placement.nodeName === undefined)
        pod.workload.placement = facts.placement
    }
  }

  /** Counts a pod on the node it may be bound to, until the API server shows it there (`caller`: see `mayBeBound`). True: believed and counted. */
  confirm(uid: string, nodeName: string, caller?: string): boolean {
    this.expire()
    const pod = this.#pods.get(uid)
    if (pod === undefined || pod.state === 'bound' || pod.state === 'ended') return false
    const now = this.#clock.monotonic()
    const isBelieved = this.#callers.believesBinding({ caller, namespace: pod.namespace.name }, now)
    if (!isBelieved && !mayBeBound(pod, this.#nodes.get(nodeName)?.facts)) return false
    this.#bindings.add(pod, now + bindingTime)
    this.#pods.change(pod, { ...pod, node: this.#nodes.open(nodeName) })
    const { estimate, placement = anyNode, namespace } = pod
    this.unseen.add({ uid, namespace: namespace.name, pids: estimate, placement, node: nodeName }, now)
    return isBelieved
  }

  removePod(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    this.#pods.remove(pod)
    if (pod.gang !== undefined) this.gangs.leave(pod, pod.gang)
    this.unseen.delete(uid)
    this.#callers.forget(uid)
    for (const queue of [this.#assumed, this.#bindings, this.#ungated]) queue.delete(pod)
  }

  /** After a full list: removes the pods that the API server showed once and that are not in it. */
  retainPods(has: (uid: string) => boolean): void {
    for (const pod of this.#pods.all) if (pod.state !== 'assumed' && !has(pod.uid)) this.removePod(pod.uid)
  }

  /** What the pod counts with and where that figure comes from; undefined for one that is not here. */
  explain(facts: LedgerPod): Estimate | undefined {
    const pod = this.#pods.get(facts.uid)
    return pod === undefined ? undefined : this.#figures.explain(pod, facts)
  }

  /** Drops assumptions that are too old. Everything that reads the ledger calls it first. */
  expire(): void {
    const expiring = this.#assumed.size + this.#bindings.size + this.#ungated.size + this.unseen.size
    if (expiring === 0 && this.gangs.isQuiet) return
    const now = this.#clock.monotonic()
    this.unseen.expire(now)
    this.gangs.expire(now)
    for (let pod = this.#assumed.takeExpired(now); pod !== undefined; pod = this.#assumed.takeExpired(now)) {
      this.#callers.miss(pod.uid, now)
      this.removePod(pod.uid)
    }
    for (let pod = this.#bindings.takeExpired(now); pod !== undefined; pod = this.#bindings.takeExpired(now)) {
      this.#pods.change(pod, { ...pod, node: this.#onlyNodeOf(pod) })
    }
    for (let pod = this.#ungated.takeExpired(now); pod !== undefined; pod = this.#ungated.takeExpired(now)) {
      this.#pods.change(pod, { ...pod, state: 'gated', node: this.#bindings.has(pod) ? pod.node : undefined })
      this.gangs.changed(pod, false)
    }
  }

  /** Drops what nothing refers to any more; to be called every few minutes. */
  sweep(): void {
    this.expire()
    this.workloads.sweep(this.#clock.now())
    this.#nodes.sweep()
  }

  /** The node of an unbound pod: of a binding we allowed, which the API server has not shown yet, or the only one there is. */
  #awaited(now: Pick<PodEntry, 'state' | 'placement'>, pod: PodEntry): NodeEntry | undefined {
    if (now.state === 'ended') return undefined
    return this.#bindings.has(pod) ? pod.node : this.#onlyNodeOf(now)
  }

  /** The only node an unbound pod can land on, while it waits to be bound. */
  #onlyNodeOf({ state, placement }: Pick<PodEntry, 'state' | 'placement'>): NodeEntry | undefined {
    if (isHeldUp(state) || placement?.pinned === undefined) return undefined
    return this.#nodes.open(placement.pinned)
  }
}
