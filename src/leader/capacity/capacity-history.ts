import type { Millis, Pids } from '../../lib/units.ts'
import { lateTime } from '../taint-history.ts'
import type { CapacityStanding } from './capacity-plan.ts'

/** What one look shows of a node. */
export type SeenNode = Omit<CapacityStanding, 'silentFor' | 'loweredFor'>

interface Held {
  /** Since when there is no fresh reading of both ceilings; undefined while there is one. */
  silentSince: Millis | undefined
  loweredAt: Millis
  /** Our last write, until the cache shows anything else than what was there before. */
  wrote: { readonly to: Pids | undefined; readonly before: Pids | undefined; readonly at: Millis } | undefined
}

/** What one look at the nodes cannot show: how long a state has lasted, and what we have just written. */
export class CapacityMemory {
  readonly #held = new Map<string, Held>()

  /** Call it for every node, once a look; `now` is monotonic. */
  observe(node: SeenNode, now: Millis): CapacityStanding {
    const held = this.#of(node.name)
    held.silentSince = node.offer.isWhole ? undefined : (held.silentSince ?? now)
    const { wrote } = held
    if (wrote !== undefined && (node.offered !== wrote.before || now - wrote.at >= lateTime)) held.wrote = undefined
    return {
      ...node,
      offered: held.wrote === undefined ? node.offered : held.wrote.to,
      silentFor: held.silentSince === undefined ? 0 : now - held.silentSince,
      loweredFor: now - held.loweredAt
    }
  }

  /** Call it after each write; `before`: what the last look showed. */
  wrote(name: string, to: Pids | undefined, before: Pids | undefined, now: Millis): void {
    const held = this.#of(name)
    held.wrote = { to, before, at: now }
    if (to !== undefined && before !== undefined && to < before) held.loweredAt = now
  }

  /** Drops what is held of nodes that are gone. */
  retain(has: (name: string) => boolean): void {
    for (const name of this.#held.keys()) if (!has(name)) this.#held.delete(name)
  }

  #of(name: string): Held {
    let held = this.#held.get(name)
    if (held === undefined) {
      held = { silentSince: undefined, loweredAt: Number.NEGATIVE_INFINITY, wrote: undefined }
      this.#held.set(name, held)
    }
    return held
  }
}
