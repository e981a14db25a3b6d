import type { AllFacts } from '../engine/rule.ts'
import { Headroom } from '../headroom/assess/headroom.ts'
import { Ledger } from '../headroom/ledger/ledger.ts'
import { recordAdmission } from '../headroom/ledger/record-admission.ts'
import type { ReservationSink } from '../headroom/reservation.ts'
import type { Subject } from '../kubernetes/subject.ts'
import type { Millis, Pids } from '../lib/units.ts'
import { noNamespaces } from '../policy/policy-resolver.ts'
import type { NamespaceLookup, Settings } from '../policy/settings.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { HeadroomStatus } from '../server/metrics/headroom-metrics.ts'

/** What `serve` knows besides the object and the policy. No call waits: everything is held in memory. */
export interface FactSource {
  readonly namespaces: NamespaceLookup
  facts(namespace: string): Partial<AllFacts>
  /** Takes note of an admitted object; see `AdmissionDeps.admitted`. `sink` hears what that was counted as. */
  admitted?(subject: Subject, settings: Settings, caller: string | undefined, sink?: ReservationSink): void
  /** Why the first review should wait, in words; undefined when it need not, or no longer. */
  obstacle(): string | undefined
  /** For the metrics; undefined without nodes to count. */
  status(): HeadroomStatus | undefined
  start(): void
  stop(): Promise<void>
}

/** What a source of facts needs. */
export interface FactDeps {
  readonly clock: Clock
  readonly log: Log
  /** The policy in force, for '' without a namespace. */
  settingsFor(namespace: string): Settings
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

/** Milliseconds between two clean-ups of the bookkeeping, which drop entries that nothing refers to any more. */
const sweepEvery: Millis = 60_000

/** The bookkeeping that rules read, for as long as the process serves. */
export interface Bookkeeping {
  readonly ledger: Ledger
  readonly headroom: Headroom
  admitted(subject: Subject, settings: Settings, caller?: string, sink?: ReservationSink): void
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
    admitted: (subject, settings, caller, sink) => recordAdmission(subject, settings, ledger, headroom, caller, sink),
    start() {
      timer ??= setInterval(() => ledger.sweep(), sweepEvery)
    },
    stop() {
      clearInterval(timer)
    }
  }
}
