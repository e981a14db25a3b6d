import type { AllFacts } from '../engine/rule.ts'
import { Headroom } from '../headroom/assess/headroom.ts'
import { Ledger } from '../headroom/ledger/ledger.ts'
import { recordAdmission } from '../headroom/ledger/record-admission.ts'
import type { Subject } from '../kubernetes/subject.ts'
import type { NearFloorDeps } from '../leader/near-floor-events.ts'
import type { TaintCounts, TainterDeps } from '../leader/node-tainter.ts'
import type { Millis, Pids } from '../lib/units.ts'
import { noNamespaces } from '../policy/policy-resolver.ts'
import type { NamespaceLookup, Settings } from '../policy/settings.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { HeadroomStatus } from '../server/metrics/headroom-metrics.ts'

/** What `serve` knows beyond the object and the policy. Nothing here waits: all of it is held in memory. */
export interface FactSource {
  readonly namespaces: NamespaceLookup
  facts(namespace: string): Partial<AllFacts>
  /** Told of what was admitted; see `AdmissionDeps.admitted`. */
  admitted?(subject: Subject, settings: Settings): void
  /** Why it would be better to wait with the first review, in words; undefined when it would not, or not any more. */
  obstacle(): string | undefined
  /** For the metrics; undefined where there is nothing to count. */
  status(): HeadroomStatus | undefined
  /** For the metrics of the replica that leads. */
  taints?(): TaintCounts | undefined
  /** The same: nodes near their floor; undefined where nobody wants to know. */
  nearFloor?(): number | undefined
  /** To be called when this replica becomes the leader: what only one may do at a time, until the signal. */
  lead?(signal: AbortSignal): void
  start(): void
  stop(): Promise<void>
}

/** What a source of facts is built with. */
export interface FactDeps {
  readonly clock: Clock
  readonly log: Log
  /** The policy in force, for '' without a namespace. */
  settingsFor(namespace: string): Settings
  readonly meter: TainterDeps['meter'] & NearFloorDeps['meter']
}

/** Without a cluster and without a snapshot: rules that need facts are skipped, and say so. */
export const noFacts: FactSource = {
  namespaces: noNamespaces,
  facts: () => nothing,
  obstacle: () => undefined,
  status: () => undefined,
  start() {},
  async stop() {}
}

const nothing: Partial<AllFacts> = {}

/** Milliseconds between two clean-ups of the bookkeeping; it only drops what nobody refers to any more. */
const sweepEvery: Millis = 60_000

/** The bookkeeping that rules read, for as long as the process serves. */
export interface Bookkeeping {
  readonly ledger: Ledger
  readonly headroom: Headroom
  admitted(subject: Subject, settings: Settings): void
  start(): void
  stop(): void
}

/** `isCurrent` and `replicas`: see `Headroom`. */
export function buildBookkeeping(
  { clock, settingsFor }: Pick<FactDeps, 'clock' | 'settingsFor'>,
  isCurrent: () => boolean,
  replicas: (ledger: Ledger) => number = () => 1
): Bookkeeping {
  const estimate = (namespace: string): Pids => settingsFor(namespace).pids.estimate
  const ledger = new Ledger(clock, estimate)
  const headroom = new Headroom(ledger, clock, isCurrent, () => replicas(ledger))
  let timer: NodeJS.Timeout | undefined
  return {
    ledger,
    headroom,
    admitted: (subject, settings) => recordAdmission(subject, settings, ledger, headroom),
    start() {
      timer ??= setInterval(() => ledger.sweep(), sweepEvery)
    },
    stop() {
      clearInterval(timer)
    }
  }
}
