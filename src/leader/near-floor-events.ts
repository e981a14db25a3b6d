import type { CeilingAccount } from '../headroom/ceiling-account.ts'
import { sayNode } from '../headroom/denial-text.ts'
import type { LedgerNode } from '../headroom/ledger/ledger-inputs.ts'
import type { NodeRoom } from '../headroom/node-room.ts'
import { KubeError, type KubeFailure } from '../kube/kube-error.ts'
import type { Millis } from '../lib/units.ts'
import { sayHolders } from '../model/holder-text.ts'
import type { Floor, Settings } from '../policy/settings.ts'
import type { NodeEvents } from '../ports/node-actions.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import { NearFloorMemory, type NearNode } from './near-floor-episodes.ts'
import { RepeatedDuty, type Term } from './repeated-duty.ts'
import { isTainted } from './taint-plan.ts'
import type { NodeHolders } from './top-holders.ts'

/**
 * `posted`: an Event was posted. `held-back`: more nodes came near their floor than there are Events a minute; once for
 * each node.
 */
export type NearFloorResult = 'posted' | 'forbidden' | 'failed' | 'held-back'

export interface NearFloorDeps {
  /** Every node with its room under a floor; undefined where no reading is fresh. */
  rooms(floor: Floor, maxAge: Millis): Iterable<readonly [Pick<LedgerNode, 'name' | 'taints'>, NodeRoom | undefined]>
  /** Who holds the tasks of the node under this ceiling. */
  holders(node: string, ceiling: CeilingAccount): NodeHolders
  /** Whether all nodes and pods are known. */
  isSynced(): boolean
  /** Whether these Events are wanted. */
  isWanted(): boolean
  /** Of the policy, for no namespace in particular. */
  settings(): Pick<Settings, 'headroom' | 'pids'>
  readonly events: NodeEvents
  readonly clock: Pick<Clock, 'monotonic'>
  readonly random: () => number
  readonly log: Log
  readonly meter: { countNearFloor(result: NearFloorResult): void }
  /** Between two looks. */
  readonly every?: Millis
}

/** Readings are some 15 s apart. Own choice. */
const defaultEvery: Millis = 5_000

/**
 * Events a minute, and at once after a quiet minute. They are stored in etcd for an hour, so that a fleet of 5,000 low
 * nodes makes 1,200 of them and not all in one second. Own choice.
 */
const mostPerMinute = 20

/** Posts an Event on each node that comes near its floor, for as long as this process leads. */
export class NearFloorEvents extends RepeatedDuty<NearFloorTerm> {
  constructor(deps: NearFloorDeps) {
    const { every = defaultEvery, random } = deps
    super({ begin: (signal) => new NearFloorTerm(deps, signal), every, random })
  }

  /** Nodes near their floor; undefined while another process leads, or these Events are not wanted. */
  get near(): number | undefined {
    return this.term?.near
  }
}

/** One time of leading. */
class NearFloorTerm implements Term {
  readonly #deps: NearFloorDeps
  readonly #signal: AbortSignal
  readonly #heldBack = new Set<string>()
  readonly #failures = new Set<KubeFailure>()
  #memory = new NearFloorMemory()
  #left = mostPerMinute
  #refilledAt: Millis
  near: number | undefined

  constructor(deps: NearFloorDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
    this.#refilledAt = deps.clock.monotonic()
  }

  /** Whether every Event could be posted that the limit of a minute allows. */
  async look(): Promise<boolean> {
    const { isWanted, isSynced } = this.#deps
    if (!isWanted()) {
      this.#memory = new NearFloorMemory()
      this.near = undefined
      return true
    }
    if (!isSynced()) return true
    const due = this.#due()
    this.near = this.#memory.size
    this.#refill()
    const now = due.slice(0, Math.floor(this.#left))
    this.#holdBack(due.slice(now.length))
    for (const node of now) {
      if (this.#signal.aborted) return true
      if (!(await this.#post(node))) return false
    }
    return true
  }

  /** The least room first. */
  #due(): NearNode[] {
    const { headroom, pids } = this.#deps.settings()
    const { taintHysteresis, taintNodes } = headroom
    const settings = { estimate: pids.estimate, taintHysteresis, taintNodes }
    const now = this.#deps.clock.monotonic()
    const names = new Set<string>()
    const due: NearNode[] = []
    for (const [{ name, taints }, room] of this.#deps.rooms(headroom.floor, headroom.maxAge)) {
      names.add(name)
      const near = this.#memory.observe({ name, isTainted: isTainted(taints), room }, settings, now)
      if (near !== undefined) due.push(near)
    }
    this.#memory.retain((name) => names.has(name))
    return due.sort((a, b) => a.tightest.free - b.tightest.free)
  }

  #refill(): void {
    const now = this.#deps.clock.monotonic()
    this.#left = Math.min(mostPerMinute, this.#left + ((now - this.#refilledAt) / 60_000) * mostPerMinute)
    this.#refilledAt = now
  }

  /** Their Events are posted at a later look, if they are still near then. */
  #holdBack(nodes: readonly NearNode[]): void {
    const { log, meter } = this.#deps
    if (nodes.length === 0) this.#heldBack.clear()
    else if (this.#heldBack.size === 0) {
      log.warn({ nodes: nodes.length, mostPerMinute }, 'more nodes near their floor than Events are posted for at once')
    }
    for (const { name } of nodes) {
      if (this.#heldBack.has(name)) continue
      this.#heldBack.add(name)
      meter.countNearFloor('held-back')
    }
  }

  /** Whether to go on with the next node. */
  async #post({ name, tightest, isOld }: NearNode): Promise<boolean> {
    const { events, log, meter, holders } = this.#deps
    this.#left--
    const said = sayNode({ node: name, ceilings: [tightest], age: undefined })
    const held = holders(name, tightest)
    const who = sayHolders(name, held.holders, held.others)
    const message = `${said}. Where they are: ${who}. See pidguard top nodes -o wide and top pods --node ${name}; stop what leaks, before pods are refused here.`
    const event = { type: 'Warning', reason: 'PIDsNearFloor', message } as const
    try {
      const result = await events.postOnce(name, 'pidguard-near-floor', event, this.#signal)
      // The API still holds the Event of an earlier episode. We saw this one start, so post a new Event.
      if (result === 'already there' && !isOld) await events.post(name, event, this.#signal)
      this.#memory.posted(name)
      this.#failures.clear()
      if (result === 'already there' && isOld) return true
      meter.countNearFloor('posted')
      log.warn({ node: name, ...tightest }, 'node near its floor of free PIDs')
      return true
    } catch (cause) {
      return this.#failed(name, KubeError.ofTransport(cause))
    }
  }

  #failed(node: string, { failure, message }: KubeError): boolean {
    if (this.#signal.aborted) return false
    const { log, meter } = this.#deps
    meter.countNearFloor(failure === 'forbidden' ? 'forbidden' : 'failed')
    if (!this.#failures.has(failure)) {
      this.#failures.add(failure)
      const hint = failure === 'forbidden' ? { hint: component } : undefined
      log.warn({ node, failure, error: message, ...hint }, 'event not written')
    }
    return false
  }
}

const component = 'Add the component manifests/components/audit or node-taints: both may create Events in default.'
