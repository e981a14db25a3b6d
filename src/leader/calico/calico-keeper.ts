import { KubeError, type KubeFailure } from '../../kube/kube-error.ts'
import type { FelixSettings } from '../../kubernetes/calico/felix.ts'
import type { PatchOperation } from '../../lib/json/patch.ts'
import type { JsonRecord } from '../../lib/json/shape.ts'
import type { Millis } from '../../lib/units.ts'
import type { RuleFinding } from '../../model/finding.ts'
import type { NodeEvent } from '../../ports/node-actions.ts'
import type { Clock, Log } from '../../ports/runtime.ts'
import { RepeatedDuty, type Term } from '../repeated-duty.ts'
import { RepairMemory } from './repair-memory.ts'

/** A DaemonSet that runs Felix, as the API server has it. */
export interface KeptDaemonSet {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  /** Pods that run another revision than its newest; undefined: not known. */
  readonly oldPods: number | undefined
  readonly object: JsonRecord
}

/** What the rules for Calico say of one DaemonSet. */
export interface CalicoCheck {
  readonly findings: readonly RuleFinding[]
  /** The next change towards the policy that restarts nothing, the strategy before the variable. undefined: none, or not ours. */
  readonly repair: { readonly ruleId: string; readonly operations: readonly PatchOperation[] } | undefined
}

export type RepairResult = 'written' | 'forbidden' | 'failed' | 'conflict' | 'stopped'

/** What the API server has of Calico. */
export interface WatchedFelix {
  /** DaemonSets are known, and it is known whether FelixConfigurations can be read. */
  readonly isSynced: boolean
  /** undefined: they could not be read. */
  readonly felixConfigurations: readonly FelixSettings[] | undefined
  values(): Iterable<KeptDaemonSet>
}

export interface CalicoKeeperDeps {
  /** Watched from the call on until the signal. */
  watch(signal: AbortSignal): WatchedFelix
  check(daemonSet: KeptDaemonSet, felixConfigurations: readonly FelixSettings[] | undefined): CalicoCheck
  /** `calico.repair` of the policy. */
  isRepairWanted(daemonSet: KeptDaemonSet): boolean
  /** Writes onto that version only. Throws what the API call throws. */
  write(daemonSet: KeptDaemonSet, operations: readonly PatchOperation[], signal: AbortSignal): Promise<void>
  postEvent(daemonSet: KeptDaemonSet, event: NodeEvent, signal: AbortSignal): Promise<void>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly random: () => number
  readonly log: Log
  readonly meter: { countCalicoRepair(result: RepairResult): void }
  /** Between two looks. */
  readonly every?: Millis
}

/** How many DaemonSets of Felix there are in each state. */
export interface CalicoCounts {
  readonly asPolicy: number
  readonly outOfPolicy: number
  /** Of those out of policy: not repaired any more, because the repair was undone twice. */
  readonly stopped: number
  /** Pods of an old revision, of all of them; undefined: not known of any. */
  readonly oldPods: number | undefined
}

/** A look costs no call while nothing is wrong. Own choice. */
const defaultEvery: Millis = 2_000

/**
 * Reports each DaemonSet of Felix that is out of policy, also one that was written while pidguard was down, and repairs it
 * where the policy says so. For as long as this process leads.
 */
export class CalicoKeeper extends RepeatedDuty<CalicoTerm> {
  constructor(deps: CalicoKeeperDeps) {
    const { every = defaultEvery, random } = deps
    super({ begin: (signal) => new CalicoTerm(deps, signal), every, random })
  }

  /** undefined while another process leads, or before DaemonSets are known. */
  get counts(): CalicoCounts | undefined {
    return this.term?.counts
  }
}

/** One time of leading. */
class CalicoTerm implements Term {
  readonly #deps: CalicoKeeperDeps
  readonly #signal: AbortSignal
  readonly #watched: WatchedFelix
  readonly #memory = new RepairMemory()
  readonly #failures = new Set<KubeFailure>()
  counts: CalicoCounts | undefined

  constructor(deps: CalicoKeeperDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
    this.#watched = deps.watch(signal)
  }

  /** Whether everything could be done that is to be done. */
  async look(): Promise<boolean> {
    if (!this.#watched.isSynced) return true
    const { check, clock } = this.#deps
    const all = [...this.#watched.values()]
    let outOfPolicy = 0
    let isDone = true
    for (const daemonSet of all) {
      if (this.#signal.aborted) return true
      const found = check(daemonSet, this.#watched.felixConfigurations)
      if (found.findings.length === 0) this.#memory.clean(daemonSet.uid, clock.monotonic())
      else {
        outOfPolicy++
        isDone = (await this.#keep(daemonSet, found)) && isDone
      }
    }
    const uids = new Set(all.map(({ uid }) => uid))
    this.#memory.retain((uid) => uids.has(uid))
    this.counts = {
      asPolicy: all.length - outOfPolicy,
      outOfPolicy,
      stopped: this.#memory.stopped,
      oldPods: oldPodsOf(all)
    }
    return isDone
  }

  /** Whether its repair was written, where one is due. */
  async #keep(daemonSet: KeptDaemonSet, { findings, repair }: CalicoCheck): Promise<boolean> {
    const { isRepairWanted } = this.#deps
    const what = findings.map(({ ruleId, reason, detail }) => `${ruleId}: ${reason} (${detail})`).join('; ')
    const { isNews, stops } = this.#memory.broken(daemonSet.uid, what)
    if (isNews) await this.#report(daemonSet, what, findings[0]?.remedy ?? '')
    if (stops) {
      this.#deps.meter.countCalicoRepair('stopped')
      const message = `Its repair was undone twice, so pidguard repairs it no more: ${what}. Write the policy's values into the manifest or chart that is applied.`
      this.#deps.log.error(named(daemonSet), 'calico repair stopped, it was undone twice')
      await this.#post(daemonSet, { type: 'Warning', reason: 'CalicoRepairStopped', message })
    }
    if (repair === undefined || !isRepairWanted(daemonSet) || !this.#memory.mayRepair(daemonSet.uid)) return true
    return this.#repair(daemonSet, repair)
  }

  async #report(daemonSet: KeptDaemonSet, what: string, remedy: string): Promise<void> {
    this.#deps.log.warn({ ...named(daemonSet), what }, 'calico out of policy')
    const message = `${what}. ${remedy}`
    // Reported by the log and the metric in any case; without the right to write Events that has to be enough.
    this.#memory.reported(daemonSet.uid, what)
    await this.#post(daemonSet, { type: 'Warning', reason: 'CalicoOutOfPolicy', message })
  }

  async #post(daemonSet: KeptDaemonSet, event: NodeEvent): Promise<void> {
    try {
      await this.#deps.postEvent(daemonSet, event, this.#signal)
    } catch (cause) {
      this.#failed(KubeError.ofTransport(cause), 'event not written')
    }
  }

  async #repair(
    daemonSet: KeptDaemonSet,
    { ruleId, operations }: NonNullable<CalicoCheck['repair']>
  ): Promise<boolean> {
    const { write, log, meter } = this.#deps
    try {
      await write(daemonSet, operations, this.#signal)
      this.#memory.repaired(daemonSet.uid, ruleId)
      this.#failures.clear()
      meter.countCalicoRepair('written')
      log.warn({ ...named(daemonSet), ruleId }, 'calico repaired')
      const message = `Changed as the policy says, by ${ruleId}. Nothing restarts: calico-node restarts on a node when its pod is deleted.`
      await this.#post(daemonSet, { type: 'Normal', reason: 'CalicoRepaired', message })
      return true
    } catch (cause) {
      const error = KubeError.ofTransport(cause)
      if (this.#signal.aborted) return false
      // Another writer was quicker: the next look sees what it wrote.
      const isPassed = error.failure === 'conflict' || error.failure === 'not-found'
      meter.countCalicoRepair(isPassed ? 'conflict' : error.failure === 'forbidden' ? 'forbidden' : 'failed')
      if (isPassed) return true
      this.#failed(error, 'calico not repaired')
      return false
    }
  }

  /** Each kind of failure once. */
  #failed({ failure, message }: KubeError, what: string): void {
    if (this.#signal.aborted || this.#failures.has(failure)) return
    this.#failures.add(failure)
    const hint = failure === 'forbidden' ? { hint: component } : undefined
    this.#deps.log.warn({ failure, error: message, ...hint }, what)
  }
}

function oldPodsOf(daemonSets: readonly KeptDaemonSet[]): number | undefined {
  const known = daemonSets.flatMap(({ oldPods }) => oldPods ?? [])
  return known.length === 0 && daemonSets.length > 0 ? undefined : known.reduce((sum, each) => sum + each, 0)
}

const component =
  'The right to repair is in the component manifests/components/calico-repair, the right to create Events in manifests/base.'

function named({ namespace, name }: KeptDaemonSet): { readonly namespace: string; readonly daemonSet: string } {
  return { namespace, daemonSet: name }
}
