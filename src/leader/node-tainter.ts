import type { CeilingAccount } from '../headroom/ceiling-account.ts'
import { sayNode } from '../headroom/denial-text.ts'
import type { LedgerNode } from '../headroom/ledger/ledger-inputs.ts'
import type { NodeRoom } from '../headroom/node-room.ts'
import { KubeError, type KubeFailure } from '../kube/kube-error.ts'
import { repeatUntilAborted } from '../lib/repeat-until.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Floor, Settings } from '../policy/settings.ts'
import type { NodeEvent, NodeEvents, NodeTaints } from '../ports/node-actions.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import { TaintMemory } from './taint-history.ts'
import { type NodeStanding, planTaints, type TaintPlan, type UntaintReason } from './taint-plan.ts'

export type TaintChange = 'taint' | 'untaint'
export type TaintResult = 'done' | 'forbidden' | 'failed'

/** What the leader sees. */
export interface TaintCounts {
  readonly tainted: number
  /** Low and not tainted, because enough others are. */
  readonly passedOver: number
}

export interface TainterDeps {
  /** Every node with its room under a floor; undefined where no reading is fresh. */
  rooms(
    floor: Floor,
    maxAge: Millis
  ): Iterable<readonly [Pick<LedgerNode, 'name' | 'taints' | 'unschedulable'>, NodeRoom | undefined]>
  /** The largest estimate of the pods whose binding to the node was refused last; 0 when there is none. */
  largestRefused(node: string): Pids
  /** Whether all nodes and pods are known: a share of some nodes would be too small, and room without some pods too large. */
  isSynced(): boolean
  /** Of the policy, for no namespace in particular. */
  settings(): Pick<Settings, 'headroom' | 'pids'>
  readonly taints: NodeTaints
  readonly events: Pick<NodeEvents, 'tell'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly random: () => number
  readonly log: Log
  readonly meter: { countTaint(change: TaintChange, result: TaintResult): void }
  /** Between two looks. */
  readonly every?: Millis
}

/** A node that filled up is closed this much later, beyond the age of its reading. */
const defaultEvery: Millis = 2_000
/** Writes of one look, the worst nodes first; the next look is only seconds away and sees better. */
const mostWrites = 50
/** Nodes that refuse to be written at one look, before the rest is left for the next. */
const mostRefused = 3

/** Failures that are about one node, as when another webhook denies; after any other, none would succeed. */
const aboutNode: ReadonlySet<KubeFailure> = new Set(['forbidden', 'refused', 'conflict'])

/** Carries out `planTaints` for as long as this process leads. */
export class NodeTainter {
  readonly #deps: TainterDeps
  #lead: Lead | undefined

  constructor(deps: TainterDeps) {
    this.#deps = deps
  }

  /** undefined while another process leads, or nothing is known yet. */
  get counts(): TaintCounts | undefined {
    return this.#lead?.counts
  }

  /** To be called on becoming the leader; never throws. Ends soon after the signal, and leaves the taints to the next. */
  async run(signal: AbortSignal): Promise<void> {
    const lead = new Lead(this.#deps, signal)
    this.#lead = lead
    const { every = defaultEvery, random } = this.#deps
    await repeatUntilAborted(signal, () => lead.look(), every, random)
    if (this.#lead === lead) this.#lead = undefined
  }
}

/** One time of leading. What is remembered from an earlier one would be too old. */
class Lead {
  readonly #deps: TainterDeps
  readonly #signal: AbortSignal
  readonly #memory = new TaintMemory()
  /** Told already; anew after a write that succeeds. */
  readonly #failures = new Set<KubeFailure>()
  #eventFailure: KubeFailure | undefined
  counts: TaintCounts | undefined

  constructor(deps: TainterDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
  }

  /** Whether everything could be done. */
  async look(): Promise<boolean> {
    if (!this.#deps.isSynced()) return true
    const { headroom, pids } = this.#deps.settings()
    const plan = planTaints(this.#standings(headroom, pids.estimate), headroom)
    this.#count(plan)
    let writes = 0
    let refused = 0
    let places = plan.taint.length
    // The taints that go come first: they make room under the share. One that stays against the plan keeps its place.
    for (const step of stepsOf(plan)) {
      if (step.tainted && places-- <= 0) break
      if (writes >= mostWrites || refused >= mostRefused || this.#signal.aborted) return false
      writes++
      const outcome = await this.#carryOut(step)
      if (outcome === 'stop') return false
      if (outcome !== 'refused') continue
      refused++
      if (!step.tainted) places--
    }
    return refused === 0
  }

  #standings({ floor, maxAge }: Settings['headroom'], estimate: Pids): NodeStanding[] {
    const { clock, log } = this.#deps
    const now = clock.monotonic()
    const names = new Set<string>()
    const standings: NodeStanding[] = []
    for (const [{ name, taints, unschedulable }, room] of this.#deps.rooms(floor, maxAge)) {
      names.add(name)
      const need = Math.max(estimate, this.#deps.largestRefused(name))
      const { standing, isTakenAway } = this.#memory.observe({ name, taints, unschedulable, room, need }, now)
      if (isTakenAway) log.warn({ node: name }, 'somebody else took the taint away, the node is spared for a minute')
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

  async #carryOut({ node, tainted, fields, event }: Step): Promise<'done' | 'refused' | 'stop'> {
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
    await this.#tell(node, event)
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

  /** The taint counts, whether or not anybody can read of it. */
  async #tell(node: string, event: NodeEvent): Promise<void> {
    try {
      await this.#deps.events.tell(node, event, this.#signal)
    } catch (cause) {
      const { failure, message } = KubeError.ofTransport(cause)
      if (this.#signal.aborted || this.#eventFailure === failure) return
      this.#eventFailure = failure
      this.#deps.log.warn({ node, failure, error: message }, 'event not written')
    }
  }
}

/** One node to write, and what is told of it. */
interface Step {
  readonly node: string
  readonly tainted: boolean
  readonly fields: object
  readonly event: NodeEvent
}

function stepsOf({ taint, untaint }: TaintPlan): Step[] {
  return [
    ...untaint.map(({ name, reason, tightest }) => {
      const event = recovery(say(name, tightest), reason)
      return { node: name, tainted: false, fields: { reason, ...tightest }, event }
    }),
    ...taint.map(({ name, need, tightest }) => {
      const message = `${say(name, tightest)}; the next pod needs ${need}. New pods go elsewhere.`
      return {
        node: name,
        tainted: true,
        fields: { ...tightest, need },
        event: { type: 'Warning', reason: 'LowPids', message } as const
      }
    })
  ]
}

function say(node: string, tightest: CeilingAccount | undefined): string {
  return sayNode({ node, ceilings: tightest === undefined ? [] : [tightest], age: undefined })
}

const component = 'Add the component manifests/components/node-taints, or set spec.headroom.taintNodes to false.'

/** By RBAC, and not by another webhook, which may deny one node for reasons of its own. */
function isMissingRight({ failure, message }: KubeError): boolean {
  return failure === 'forbidden' && / cannot \w+ resource /.test(message)
}

function recovery(said: string, reason: UntaintReason): NodeEvent {
  switch (reason) {
    case 'recovered':
      return { type: 'Normal', reason: 'PidsRecovered', message: `${said}. Pods may land here again.` }
    case 'unknown':
      return {
        type: 'Warning',
        reason: 'PidsUnknown',
        message: 'No fresh reading for ten minutes, so nothing keeps pods away.'
      }
    case 'share':
      return {
        type: 'Normal',
        reason: 'PidsShared',
        message: 'Others have less room, and not all may be closed at once.'
      }
    case 'off':
      return {
        type: 'Normal',
        reason: 'PidsUnguarded',
        message: 'The policy no longer taints nodes (spec.headroom.taintNodes).'
      }
  }
}
