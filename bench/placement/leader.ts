import { AwaitedRoom } from '../../src/leader/awaited-room.ts'
import { CapacityMemory } from '../../src/leader/capacity/capacity-history.ts'
import { type CapacityChange, planCapacity } from '../../src/leader/capacity/capacity-plan.ts'
import { mostWrites } from '../../src/leader/capacity/capacity-publisher.ts'
import { DueLooks } from '../../src/leader/repeated-duty.ts'
import { TaintMemory } from '../../src/leader/taint-history.ts'
import { freePidsOf, planTaints } from '../../src/leader/taint-plan.ts'
import type { Millis, Pids } from '../../src/lib/units.ts'
import type { Settings } from '../../src/policy/settings.ts'
import { awaitingPods } from '../../src/serve/controller/node-duties.ts'
import type { Program } from './program.ts'

/** What the leader wants of nodes, by its real plans and memories. Time and writes are the cluster's. */
export class Leader {
  readonly #program: Program
  readonly #settings: Settings
  readonly #due = new DueLooks(500)
  readonly #taints = new TaintMemory()
  readonly #awaited = new AwaitedRoom()
  readonly #capacities = new CapacityMemory()

  constructor(program: Program, settings: Settings) {
    this.#program = program
    this.#settings = settings
  }

  /** As NodeTainter looks. Nodes to change, in the order of the writes. */
  lookAtTaints(now: Millis): { readonly name: string; readonly tainted: boolean }[] {
    const { ledger, headroom } = this.#program
    const { pods, pids } = ledger.waiting
    if (!this.#due.isDue(`${pods} ${pids}`, now)) return []
    const { floor, maxAge, claimShare } = this.#settings.headroom
    const rooms = [...headroom.rooms(floor, maxAge, claimShare)]
    const needs = this.#awaited.needs(awaitingPods(ledger), freePidsOf(rooms), now)
    const standings = rooms.map(([{ name, taints, unschedulable }, room]) => {
      const need = needs.get(name)
      const seen = { name, taints, unschedulable, room, need: need ?? this.#settings.pids.estimate }
      return this.#taints.observe({ ...seen, isAwaited: need !== undefined }, now).standing
    })
    this.#taints.retain((name) => this.#program.nodes.get(name) !== undefined)
    const { taint, untaint } = planTaints(standings, this.#settings.headroom)
    return [
      ...untaint.map(({ name }) => ({ name, tainted: false })),
      ...taint.map(({ name }) => ({ name, tainted: true }))
    ]
  }

  wroteTaint(name: string, tainted: boolean, now: Millis): void {
    this.#taints.wrote(name, tainted, now)
  }

  /** As CapacityPublisher looks. */
  lookAtCapacities(now: Millis): readonly CapacityChange[] {
    const { headroom, requests } = this.#program
    const { floor, maxAge } = this.#settings.headroom
    const standings = [...headroom.offers(floor, maxAge)].map((node) => this.#capacities.observe(node, now))
    this.#capacities.retain((name) => this.#program.nodes.get(name) !== undefined)
    return planCapacity(standings, requests.sizes).slice(0, mostWrites)
  }

  wroteCapacity(name: string, to: Pids | undefined, now: Millis): void {
    this.#capacities.wrote(name, to, this.#program.nodes.get(name)?.offered, now)
  }
}
