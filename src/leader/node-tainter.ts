import type { LedgerNode } from '../headroom/ledger/ledger-inputs.ts'
import type { NodeRoom } from '../headroom/node-room.ts'
import { KubeError, type KubeFailure } from '../kube/kube-error.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Floor, Settings } from '../policy/settings.ts'
import type { NodeEvent, NodeEvents, NodeTaints } from '../ports/node-actions.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import { AwaitedRoom, type AwaitingPods } from './awaited-room.ts'
import { aboutNode, isMissingRight } from './node-write-failures.ts'
import { DueLooks, RepeatedDuty, type Term, WriteBudget } from './repeated-duty.ts'
import { TaintMemory } from './taint-history.ts'
import { freePidsOf, type NodeStanding, planTaints, type TaintPlan } from './taint-plan.ts'
import { type TaintStep, taintsOf, untaintsOf } from './taint-steps.ts'

const component = 'Add the component manifests/components/node-taints, or set spec.headroom.taintNodes to false.'

export type TaintChange = 'taint' | 'untaint'
export type TaintResult = 'done' | 'forbidden' | 'failed'

/** Nodes, as the leader sees them. */
export interface TaintCounts {
  readonly tainted: number
  /** Low on PIDs and not tainted, because enough others are. */
  readonly passedOver: number
}

export interface TainterDeps {
  /** Every node with its room under a floor; undefined where no reading is fresh. */
  rooms(
    floor: Floor,
    maxAge: Millis
  ): Iterable<readonly [Pick<LedgerNode, 'name' | 'taints' | 'unschedulable'>, NodeRoom | undefined]>
  /** Pods that wait for a node. */
  waiting(): readonly AwaitingPods[]
  /** Changes with them: it is asked much more often. */
  waitingSum(): { readonly pods: number; readonly pids: Pids }
  /** Whether all nodes and pods are known: a share of some nodes would be too small, and room without some pods too large. */
  isSynced(): boolean
  /** Of the policy, for no namespace in particular. */
  settings(): Pick<Settings, 'headroom' | 'pids'>
  readonly taints: NodeTaints
  readonly events: Pick<NodeEvents, 'post'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly random: () => number
  readonly log: Log
  readonly meter: { countTaint(change: TaintChange, result: TaintResult): void }
  /** Between two looks. */
  readonly every?: Millis
}

/** Between two questions whether other pods wait than before: the rest of a burst comes tens of milliseconds after its first pod. */
export const lookEvery: Millis = 10
/** Between two looks while the same pods wait. */
const restEvery: Millis = 500
/** Idle time after a look that has taken so long: some milliseconds at 5,000 nodes, and looks are to take a fifth of a processor at most. */
const idleShare = 4
/** Nodes written in each `restEvery`, the worst first: a fifth of the Leases of 5,000 kubelets, which are closed within a minute. Own choice. */
const mostWrites = 50
/** Nodes written at the same time; one after a failure. A burst binds a pod every few milliseconds, so none should wait for another. Own choice. */
const mostAtOnce = 10
/** After this many nodes that cannot be written, the rest is left for the next look. */
const mostRefused = 3

/** Carries out `planTaints` for as long as this process leads. */
export class NodeTainter extends RepeatedDuty<TaintTerm> {
  constructor(deps: TainterDeps) {
    const { every = lookEvery, random } = deps
    super({ begin: (signal) => new TaintTerm(deps, signal), every, random })
  }

  /** undefined while another process leads, or nothing is known yet. */
  get counts(): TaintCounts | undefined {
    return this.term?.counts
  }
}

/** One time of leading. At its end the taints stay for the next leader. */
class TaintTerm implements Term {
  readonly #deps: TainterDeps
  readonly #signal: AbortSignal
  readonly #memory = new TaintMemory()
  readonly #awaited = new AwaitedRoom()
  /** Failures that are in the log already. A write that succeeds clears them, so the next one is logged again. */
  readonly #failures = new Set<KubeFailure>()
  #eventFailure: KubeFailure | undefined
  /** Events on their way. Looks do not wait for them: the next pod is bound some milliseconds later. */
  readonly #posting = new Set<Promise<void>>()
  readonly #due = new DueLooks(restEvery)
  readonly #budget = new WriteBudget(mostWrites, restEvery)
  #idleUntil: Millis = Number.NEGATIVE_INFINITY
  counts: TaintCounts | undefined

  constructor(deps: TainterDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
  }

  /** Whether everything could be done. */
  async look(): Promise<boolean> {
    const { isSynced, waitingSum, clock } = this.#deps
    if (this.#posting.size > mostWrites) await Promise.race(this.#posting)
    const now = clock.monotonic()
    if (!isSynced() || now < this.#idleUntil || this.#budget.isSpent(now)) return true
    const { pods, pids } = waitingSum()
    if (!this.#due.isDue(`${pods} ${pids}`, now)) return true
    const isDone = await this.#carryOutPlan()
    if (!isDone) this.#due.again()
    return isDone
  }

  async #carryOutPlan(): Promise<boolean> {
    const { settings, clock } = this.#deps
    const begun = clock.monotonic()
    const { headroom, pids } = settings()
    const plan = planTaints(this.#standings(headroom, pids.estimate), headroom)
    this.#idleUntil = clock.monotonic() + idleShare * (clock.monotonic() - begun)
    this.#count(plan)
    // Taints are removed first, so that the share allows new ones. A taint that we failed to remove still counts.
    const opened = await this.#carryOutAll(untaintsOf(plan), 0)
    if (opened.end !== 'done') return this.#isWhole(opened)
    const places = Math.max(0, plan.taint.length - opened.refused)
    return this.#isWhole(await this.#carryOutAll(taintsOf(plan).slice(0, places), opened.refused))
  }

  /** Some at the same time, until one fails that is about no single node, or `mostRefused` about one. */
  async #carryOutAll(steps: readonly TaintStep[], refusedBefore: number): Promise<Outcome> {
    const { clock } = this.#deps
    let refused = refusedBefore
    for (let at = 0; at < steps.length; ) {
      if (refused >= mostRefused || this.#signal.aborted) return { refused, end: 'stopped' }
      const batch: TaintStep[] = []
      const most = this.#failures.size === 0 ? mostAtOnce : 1
      for (const step of steps.slice(at, at + most)) if (this.#budget.spend(clock.monotonic())) batch.push(step)
      if (batch.length === 0) return { refused, end: 'spent' }
      const results = await Promise.all(batch.map((step) => this.#carryOut(step)))
      if (results.includes('stop')) return { refused, end: 'stopped' }
      refused += results.filter((result) => result === 'refused').length
      at += batch.length
    }
    return { refused, end: 'done' }
  }

  #isWhole({ refused, end }: Outcome): boolean {
    // The rest of a large change is no failure: it comes as soon as the budget allows.
    if (end === 'spent') return this.#due.again()
    return end === 'done' && refused === 0
  }

  #standings({ floor, maxAge }: Settings['headroom'], estimate: Pids): NodeStanding[] {
    const { clock, log } = this.#deps
    const now = clock.monotonic()
    const names = new Set<string>()
    const standings: NodeStanding[] = []
    const rooms = [...this.#deps.rooms(floor, maxAge)]
    const needs = this.#awaited.needs(this.#deps.waiting(), freePidsOf(rooms), now)
    for (const [{ name, taints, unschedulable }, room] of rooms) {
      names.add(name)
      const need = needs.get(name)
      const seen = { name, taints, unschedulable, room, need: need ?? estimate, isAwaited: need !== undefined }
      const { standing, isTakenAway } = this.#memory.observe(seen, now)
      if (isTakenAway)
        log.warn({ node: name }, 'another client took the taint away; the node is not tainted again for a minute')
      standings.push(standing)
    }
    this.#memory.retain((name) => names.has(name))
    return standings
  }

  #count({ untaint, kept, passedOver }: TaintPlan): void {
    if (passedOver > 0 && (this.counts?.passedOver ?? 0) === 0) {
      this.#deps.log.warn({ nodes: passedOver }, 'nodes low on PIDs are not tainted, because enough others are')
    }
    this.counts = { tainted: kept + untaint.length, passedOver }
  }

  async #carryOut({ node, tainted, fields, event }: TaintStep): Promise<'done' | 'refused' | 'stop'> {
    const { taints, clock, log, meter } = this.#deps
    const change = tainted ? 'taint' : 'untaint'
    try {
      const result = await taints.write(node, tainted, this.#signal)
      this.#failures.clear()
      this.#memory.wrote(node, tainted, clock.monotonic())
      if (result !== 'written') return 'done'
      meter.countTaint(change, 'done')
      log.info({ node, ...fields }, tainted ? 'node tainted, low on PIDs' : 'node no longer tainted')
    } catch (cause) {
      return this.#failed(node, change, KubeError.ofTransport(cause))
    }
    const posting: Promise<void> = this.#post(node, event).finally(() => this.#posting.delete(posting))
    this.#posting.add(posting)
    return 'done'
  }

  #failed(node: string, change: TaintChange, error: KubeError): 'refused' | 'stop' {
    if (this.#signal.aborted) return 'stop'
    const { failure, message } = error
    const { meter, log } = this.#deps
    meter.countTaint(change, failure === 'forbidden' ? 'forbidden' : 'failed')
    if (!this.#failures.has(failure)) {
      this.#failures.add(failure)
      const hint = isMissingRight(error) ? { hint: component } : undefined
      log.warn({ node, failure, error: message, ...hint }, `${change} not written`)
    }
    return aboutNode.has(failure) ? 'refused' : 'stop'
  }

  /** An Event that cannot be written changes nothing: the taint is set. */
  async #post(node: string, event: NodeEvent): Promise<void> {
    try {
      await this.#deps.events.post(node, event, this.#signal)
    } catch (cause) {
      const { failure, message } = KubeError.ofTransport(cause)
      if (this.#signal.aborted || this.#eventFailure === failure) return
      this.#eventFailure = failure
      this.#deps.log.warn({ node, failure, error: message }, 'event not written')
    }
  }
}

/** How far a list of steps went; `refused`: nodes that could not be written, of this list and those before. */
interface Outcome {
  readonly refused: number
  /** `spent`: the budget is. */
  readonly end: 'done' | 'spent' | 'stopped'
}
