import type { Placement } from '../../kubernetes/placement/placement.ts'
import { ExpiryQueue } from '../../lib/expiry-queue.ts'
import type { Pids } from '../../lib/units.ts'

/** Who says that a pod needs room: claims of others are bounded by this. */
export interface Claimant {
  readonly namespace: string
  /** The API server has shown the pod. Before that it may be a request that is never stored, or one that a stranger sent. */
  readonly isStored: boolean
}

/** Pods of one size and one claimant that may land on the same nodes. */
export interface WaitingGroup extends Claimant {
  readonly placement: Placement
  readonly pids: Pids
  count: number
}

/** Pods that are admitted and have no node yet, in groups: ten thousand equal replicas are one group. */
export class WaitingPods {
  readonly #groups = new Map<string, WaitingGroup>()
  /** How many groups there are of each size, and the sizes with the largest first. */
  readonly #sizes = new Map<Pids, number>()
  readonly #largestFirst = new ExpiryQueue<Pids>()
  #pods = 0
  #pids: Pids = 0

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
    return this.#largestFirst.first ?? 0
  }

  add(placement: Placement, pids: Pids, claimant: Claimant, count = 1): void {
    const key = keyOf(placement, pids, claimant)
    const group = this.#groups.get(key)
    if (group === undefined) {
      const { namespace, isStored } = claimant
      this.#groups.set(key, { namespace, isStored, placement, pids, count })
      this.#resize(pids, 1)
    } else group.count += count
    this.#pods += count
    this.#pids += pids * count
  }

  /** Takes out what was added before: as many at most. */
  delete(placement: Placement, pids: Pids, claimant: Claimant, count = 1): void {
    const key = keyOf(placement, pids, claimant)
    const group = this.#groups.get(key)
    if (group === undefined) return
    this.#pods -= count
    this.#pids -= pids * count
    group.count -= count
    if (group.count > 0) return
    this.#groups.delete(key)
    this.#resize(pids, -1)
  }

  #resize(pids: Pids, change: 1 | -1): void {
    const groups = (this.#sizes.get(pids) ?? 0) + change
    if (groups === 0) {
      this.#sizes.delete(pids)
      this.#largestFirst.delete(pids)
      return
    }
    this.#sizes.set(pids, groups)
    if (groups === 1 && change === 1) this.#largestFirst.add(pids, -pids)
  }
}

function keyOf({ signature }: Placement, pids: Pids, { namespace, isStored }: Claimant): string {
  return `${pids} ${isStored ? '' : '?'}${namespace} ${signature}`
}
