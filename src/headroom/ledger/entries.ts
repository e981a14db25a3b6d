import type { Placement } from '../../kubernetes/placement/placement.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { NearLimit } from '../../model/near-limit.ts'
import type { Ceiling } from '../../model/node-reading.ts'
import type { NodeFigures } from '../ceiling-account.ts'
import type { Gang } from './gangs/gang.ts'
import type { LedgerNode, LedgerPod } from './ledger-inputs.ts'
import type { WorkloadEntry } from './peaks/workload-peaks.ts'
import { hasFinished, type PodState } from './pod-states.ts'

const unknownCeiling: Ceiling = { limit: undefined, inUse: undefined }

/** What pods of a namespace claim on a node: their estimates, without what is observed. */
export interface NamespaceClaim {
  readonly namespace: string
  readonly pids: Pids
}

/** All claims on a node. */
export interface NodeClaims {
  /** One for each namespace, the largest first. */
  readonly stored: readonly NamespaceClaim[]
  /** Of pods that are not known to be stored. */
  readonly unstored: readonly NamespaceClaim[]
  /** What the query that asked last has found by them; a query asks about each node several times. */
  found: { readonly by: object; readonly room: Pids; readonly excess: Pids } | undefined
}

/** What a pod held, and the instant from which a sample no longer shows it. */
export interface EndedPod {
  readonly at: Millis
  readonly tasks: Pids
}

/** One node: its object, its last reading, and the pods on it. */
export class NodeEntry implements NodeFigures {
  readonly name: string
  /** undefined while the API server does not know the node. */
  facts: LedgerNode | undefined = undefined
  /** Instant of the last reading; -Infinity before the first. */
  readingAt: Millis = Number.NEGATIVE_INFINITY
  host: Ceiling = unknownCeiling
  kubepods: Ceiling = unknownCeiling
  /** Limit and use of both ceilings are known. */
  isWhole = false
  /** Σ of the part of their estimates that is not observed yet, see `PodEntry.pending`. */
  pending: Pids = 0
  /** The part of `pending` that is of pods which are told to end. */
  pendingOfEnding: Pids = 0
  /** Σ over all its pods of their observed tasks: those that are told to end hold theirs until they have ended. */
  seen: Pids = 0
  /** See `NodeFigures`; as of the last reading. */
  unattributed: Pids = 0
  readonly pods: PodEntry[] = []
  /** As `claimsOn` found them last; undefined: it was never asked. */
  claims: NodeClaims | undefined = undefined
  areClaimsOld = true
  /** Tasks in the last reading that belong to no pod on the ledger: the API server has not shown those pods yet. */
  unclaimed: Map<string, Pids> | undefined = undefined
  /** Pods that have ended since the last reading was sampled, by cgroup: a kubelet looks every 10 to 15 s, and shows them until then. */
  readonly ended = new Map<string, EndedPod>()
  /** Limits of single cgroups that are at least half used, by the last reading; undefined: not known. */
  nearLimits: readonly NearLimit[] | undefined = undefined
  /** It has those of pods and units too. */
  knowsLimits = false

  constructor(name: string) {
    this.name = name
  }

  forgetReading(): void {
    this.readingAt = Number.NEGATIVE_INFINITY
    this.host = unknownCeiling
    this.kubepods = unknownCeiling
    this.isWhole = false
    this.unclaimed = undefined
    this.unattributed = 0
    this.ended.clear()
    this.nearLimits = undefined
    this.knowsLimits = false
  }
}

/** One namespace: the sums over its pods. */
export class NamespaceEntry {
  readonly name: string
  /** Σ of the estimates of its pods that have not ended; it does not depend on readings. */
  estimates: Pids = 0
  /** Σ of the larger of estimate and observed tasks. */
  committed: Pids = 0
  pods = 0
  /** `committed` by node. */
  readonly byNode = new Map<NodeEntry, Pids>()
  /** Σ of what it claims on the node that `claimsOn` looks at; 0 at any other time. A map for each node would take too long. */
  claimed: Pids = 0

  constructor(name: string) {
    this.name = name
  }
}

/** One pod. 150,000 of these are held, so each field must be needed. */
export class PodEntry {
  readonly uid: string
  readonly namespace: NamespaceEntry
  readonly workload: WorkloadEntry | undefined
  state: PodState
  /** Its name, '' before the API server has shown it. */
  name = ''
  /** The hash of its pod template; undefined without one. */
  template: string | undefined = undefined
  /** See `PodFacts`. */
  readySince: Millis | undefined = undefined
  estimate: Pids = 0
  observed: Pids = 0
  /** What the scheduler counts it with; 0 where it has no request of the resource. */
  requested: Pids = 0
  /** All its containers have ended: it holds no tasks, whatever a reading shows. */
  hasFinished = false
  /** Since when it has been told to end while it was growing, until its tasks are surely sampled after that; undefined at any other time. */
  endingSince: Millis | undefined = undefined
  /** Some of its containers have started, by its phase. */
  hasStarted = false
  /** When the last reading was sampled that showed a tenth more of its tasks than the one before; Infinity before the first. */
  grewAt: Millis = Number.POSITIVE_INFINITY
  /** See `PodFacts`. */
  priority: number | undefined = undefined
  /** The estimate it was admitted with here, or else the first one that the stored pod showed. */
  admitted: Pids | undefined = undefined
  /** The limit of tasks that its node was seen to have set for it (pids.max): no estimate of it is above that. */
  limit: Pids | undefined = undefined
  placement: Placement | undefined
  /** The node it is on, was just allowed to be bound to, or is the only one it can land on. */
  node: NodeEntry | undefined = undefined
  /** The group without which it is of no use. */
  gang: Gang<PodEntry> | undefined = undefined
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

  /** Takes over what the stored pod says of itself and no sum depends on. */
  show({ name, readySince, priority, requested = 0, phase }: LedgerPod): void {
    this.name = name
    this.readySince = readySince
    this.priority = priority
    this.requested = requested
    this.hasFinished = hasFinished({ phase })
    this.hasStarted = phase !== 'Pending'
  }

  /**
   * The part of its estimate that is not observed yet; 0 for an ended pod. One that was growing when it was told to end may hold more
   * than its last sample shows: a kubelet samples every 10 to 15 s, and a replacement that is counted beside it came too early.
   */
  get pending(): Pids {
    const isOver = this.state === 'ended' && this.endingSince === undefined
    return isOver || this.observed >= this.estimate ? 0 : this.estimate - this.observed
  }

  /** What it counts with in its namespace: the larger of estimate and observed tasks; 0 while it is gated. */
  get weight(): Pids {
    return this.state === 'gated' && this.node === undefined ? 0 : this.observed + this.pending
  }

  /** The uid under which its node counts its tasks. */
  get cgroup(): string {
    return this.uid
  }
}

/** A static pod, whose node counts it by another uid. A class of its own saves the field in all other pods. */
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
