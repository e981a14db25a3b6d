import type { Placement } from '../../kubernetes/placement/placement.ts'
import type { Clock } from '../../ports/runtime.ts'
import { NamespaceEntry, type NodeEntry, PodEntry, StaticPodEntry } from './entries.ts'
import type { LedgerPod } from './ledger-inputs.ts'
import { Workloads } from './peaks/workload-peaks.ts'
import type { PodState } from './pod-states.ts'
import { claim, end, mayGrow, unclaim } from './reading-shares.ts'
import { enter, withdraw } from './sums.ts'
import { WaitingPods } from './waiting-pods.ts'

/** What may change of a pod while it is on the ledger. */
export type PodChange = Pick<PodEntry, 'state' | 'estimate' | 'placement' | 'node'>

/** The pods of the ledger with everything they are summed up in: their nodes, namespaces, workloads, waiting pods. */
export class PodBook {
  readonly waiting = new WaitingPods()
  readonly workloads = new Workloads()
  readonly #clock: Clock
  readonly #dropIfEmpty: (node: NodeEntry) => void
  readonly #pods = new Map<string, PodEntry>()
  readonly #namespaces = new Map<string, NamespaceEntry>()

  /** `dropIfEmpty` is called with a node that a pod has left. */
  constructor(clock: Clock, dropIfEmpty: (node: NodeEntry) => void) {
    this.#clock = clock
    this.#dropIfEmpty = dropIfEmpty
  }

  get size(): number {
    return this.#pods.size
  }

  get all(): Iterable<PodEntry> {
    return this.#pods.values()
  }

  has(uid: string): boolean {
    return this.#pods.has(uid)
  }

  get(uid: string): PodEntry | undefined {
    return this.#pods.get(uid)
  }

  namespace(name: string): NamespaceEntry | undefined {
    return this.#namespaces.get(name)
  }

  /** A new pod; it is in no sum until `change` puts it there. */
  make(
    { uid, namespace, workload, cgroup }: Pick<LedgerPod, 'uid' | 'namespace' | 'workload' | 'cgroup'>,
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

  /** The one way a pod's figures change: taken out of all sums as they were, put back as they are now. */
  change(pod: PodEntry, { state, estimate, placement, node }: PodChange, isNew = false): void {
    const before = pod.node
    if (!isNew) withdraw(pod, this.waiting)
    const moves = isNew || before !== node
    if (moves && !isNew) unclaim(pod)
    if (state !== 'ended' || pod.hasFinished) pod.endingSince = undefined
    else if (pod.state === 'bound' && mayGrow(pod)) pod.endingSince = this.#clock.now()
    pod.state = state
    pod.estimate = estimate
    pod.placement = placement
    pod.node = node
    if (moves) claim(pod)
    enter(pod, this.waiting)
    if (before !== undefined && moves) this.#dropIfEmpty(before)
  }

  remove(pod: PodEntry): void {
    // A pod that was never shown may run after all. So does a static pod when only its mirror is deleted.
    if (pod.state !== 'assumed' && pod.cgroup === pod.uid) end(pod, this.#clock.now())
    withdraw(pod, this.waiting)
    unclaim(pod)
    this.#pods.delete(pod.uid)
    if (pod.workload !== undefined) this.workloads.leave(pod.workload, this.#clock.now())
    pod.namespace.pods--
    if (pod.namespace.pods === 0) this.#namespaces.delete(pod.namespace.name)
    if (pod.node !== undefined) this.#dropIfEmpty(pod.node)
  }

  #namespaceOf(name: string): NamespaceEntry {
    let namespace = this.#namespaces.get(name)
    if (namespace === undefined) {
      namespace = new NamespaceEntry(name)
      this.#namespaces.set(name, namespace)
    }
    return namespace
  }
}
