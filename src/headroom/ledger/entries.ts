import type { Placement } from '../../kubernetes/placement.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { Ceiling } from '../../model/node-reading.ts'
import type { NodeFigures } from '../ceiling-account.ts'
import type { NodeFacts } from './facts.ts'
import type { WorkloadEntry } from './workload-peaks.ts'

const unknownCeiling: Ceiling = { limit: undefined, inUse: undefined }

/** One node: what the API says of it, what it said itself, and the pods on it. */
export class NodeEntry implements NodeFigures {
  readonly name: string
  /** undefined while the API server does not know the node. */
  facts: NodeFacts | undefined = undefined
  /** Instant of the last reading; -Infinity before the first. */
  readingAt: Millis = Number.NEGATIVE_INFINITY
  host: Ceiling = unknownCeiling
  kubepods: Ceiling = unknownCeiling
  /** Both ceilings are known. */
  isWhole = false
  /** Σ over its pods that have not ended of what they have not shown of their estimates; and of what they have shown. */
  pending: Pids = 0
  seen: Pids = 0
  readonly pods: PodEntry[] = []
  /** Tasks in the last reading of pods that are not on the ledger: static ones, and those the API has yet to tell of. */
  unclaimed: Map<string, Pids> | undefined = undefined

  constructor(name: string) {
    this.name = name
  }

  forgetReading(): void {
    this.readingAt = Number.NEGATIVE_INFINITY
    this.host = unknownCeiling
    this.kubepods = unknownCeiling
    this.isWhole = false
    this.unclaimed = undefined
  }
}

/** One namespace: what its pods are counted with. */
export class NamespaceEntry {
  readonly name: string
  /** Σ of the estimates of its pods: what the API alone says, however old the readings. */
  estimates: Pids = 0
  /** Σ of the larger of estimate and observed. */
  committed: Pids = 0
  /** Σ of the estimates of those that are admitted and on no node yet. */
  waiting: Pids = 0
  pods = 0
  /** `committed` by node. */
  readonly byNode = new Map<NodeEntry, Pids>()

  constructor(name: string) {
    this.name = name
  }
}

/**
 * How a pod stands on the ledger.
 * `assumed`: admitted here, the API server has not shown it. `waiting`: shown, not bound. `idle`: not bound for so long
 * that it waits for something else than PIDs. `gated`: not to be scheduled yet. `bound`: on a node, says the API.
 * `ended`: its tasks are gone or going.
 */
export type PodState = 'assumed' | 'waiting' | 'idle' | 'gated' | 'bound' | 'ended'

/** One pod. 150,000 of these are held, so every field has to earn its place. */
export class PodEntry {
  readonly uid: string
  readonly namespace: NamespaceEntry
  readonly workload: WorkloadEntry | undefined
  state: PodState
  estimate: Pids = 0
  observed: Pids = 0
  /** What it was counted with when it was admitted here: holds where nobody wrote its figure down. */
  admitted: Pids | undefined = undefined
  placement: Placement | undefined
  /** Where it is, was just bound to, or can only go. */
  node: NodeEntry | undefined = undefined
  /** Its place in `node.pods`. */
  slot = -1

  constructor(
    uid: string,
    namespace: NamespaceEntry,
    workload: WorkloadEntry | undefined,
    state: PodState,
    placement: Placement | undefined
  ) {
    this.uid = uid
    this.namespace = namespace
    this.workload = workload
    this.state = state
    this.placement = placement
  }

  /** What it may still take beyond what is seen of it; an ended pod takes nothing more. */
  get pending(): Pids {
    return this.state === 'ended' || this.observed >= this.estimate ? 0 : this.estimate - this.observed
  }

  /** The uid its node counts it by. */
  get cgroup(): string {
    return this.uid
  }
}

/** A static pod. Its own class, so that the others need not hold the field. */
export class StaticPodEntry extends PodEntry {
  readonly #cgroup: string

  constructor(cgroup: string, ...rest: ConstructorParameters<typeof PodEntry>) {
    super(...rest)
    this.#cgroup = cgroup
  }

  override get cgroup(): string {
    return this.#cgroup
  }
}
