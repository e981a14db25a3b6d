import type { Placement } from '../../kubernetes/placement.ts'
import type { Pids } from '../../lib/units.ts'

/** Pods of one size that may land on the same nodes. */
export interface WaitingGroup {
  readonly placement: Placement
  readonly pids: Pids
  count: number
}

/** Pods that are admitted and have no node yet, in groups: ten thousand equal replicas are one group. */
export class WaitingPods {
  readonly #groups = new Map<string, WaitingGroup>()
  #pods = 0
  #pids: Pids = 0
  #largest: Pids = 0

  get groups(): Iterable<WaitingGroup> {
    return this.#groups.values()
  }

  get pods(): number {
    return this.#pods
  }

  /** Σ of their estimates. */
  get pids(): Pids {
    return this.#pids
  }

  /** The largest estimate among them; 0 when there are none. */
  get largest(): Pids {
    return this.#largest
  }

  add(placement: Placement, pids: Pids): void {
    const key = keyOf(placement, pids)
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, { placement, pids, count: 1 })
    else group.count++
    this.#pods++
    this.#pids += pids
    if (pids > this.#largest) this.#largest = pids
  }

  delete(placement: Placement, pids: Pids): void {
    const key = keyOf(placement, pids)
    const group = this.#groups.get(key)
    if (group === undefined) return
    this.#pods--
    this.#pids -= pids
    group.count--
    if (group.count > 0) return
    this.#groups.delete(key)
    if (pids === this.#largest) this.#largest = Math.max(0, ...[...this.#groups.values()].map((other) => other.pids))
  }
}

function keyOf({ signature }: Placement, pids: Pids): string {
  return `${pids} ${signature}`
}
