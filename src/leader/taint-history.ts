import type { Millis } from '../lib/units.ts'
import type { Taint } from '../model/cluster-objects.ts'
import { isOurs, isTainted, lowPids, type NodeStanding } from './taint-plan.ts'

/** How long a node is left alone whose taint somebody else has taken away: a person, or a controller that would fight. */
export const sparedTime: Millis = 60_000

/** How long a cache may still show a node as it was before a write of ours. Own choice; a watch takes milliseconds. */
export const lateTime: Millis = 10_000

/** What one look shows of a node. */
export type SeenNode = Omit<NodeStanding, 'unknownFor' | 'taintedFor' | 'isSpared'>

export interface Remembered {
  readonly standing: NodeStanding
  /** Somebody else took the taint away since the last look. */
  readonly isTakenAway: boolean
}

interface Held {
  tainted: boolean
  /** When the taint was set; -Infinity: before anybody looked. */
  taintedAt: Millis
  /** When it was known last; undefined while it is. */
  unknownSince: Millis | undefined
  sparedUntil: Millis
  /** When we wrote last, while the cache may not show it yet. */
  wroteAt: Millis | undefined
}

/** What taints hang on and no single look at the nodes shows: how long something has been so, and whose doing it is. */
export class TaintMemory {
  readonly #held = new Map<string, Held>()

  /** To be told of every node at every look, once; `now` is monotonic. */
  observe(node: SeenNode, now: Millis): Remembered {
    const seen = isTainted(node.taints)
    const held = this.#of(node.name, seen, now)
    held.unknownSince = node.room?.isWhole === true ? undefined : (held.unknownSince ?? now)
    if (held.wroteAt !== undefined && (held.tainted === seen || now - held.wroteAt >= lateTime)) {
      held.wroteAt = undefined
    }
    // The cache does not show our last write yet, which is no doing of others.
    const isLate = held.wroteAt !== undefined
    const isTakenAway = !isLate && held.tainted && !seen
    if (isTakenAway) held.sparedUntil = now + sparedTime
    if (!isLate) {
      if (seen && !held.tainted) held.taintedAt = now
      held.tainted = seen
    }
    const standing = {
      ...node,
      taints: isLate ? taintsWith(node.taints, held.tainted) : node.taints,
      unknownFor: held.unknownSince === undefined ? 0 : now - held.unknownSince,
      taintedFor: held.tainted ? now - held.taintedAt : 0,
      isSpared: now < held.sparedUntil
    }
    return { standing, isTakenAway }
  }

  /** After a write of ours: its effect is nobody else's doing. */
  wrote(name: string, tainted: boolean, now: Millis): void {
    const held = this.#of(name, tainted, now)
    held.tainted = tainted
    held.taintedAt = now
    held.wroteAt = now
  }

  /** Drops what is held of nodes that are gone. */
  retain(has: (name: string) => boolean): void {
    for (const name of this.#held.keys()) if (!has(name)) this.#held.delete(name)
  }

  #of(name: string, tainted: boolean, now: Millis): Held {
    let held = this.#held.get(name)
    if (held === undefined) {
      held = {
        tainted,
        taintedAt: Number.NEGATIVE_INFINITY,
        unknownSince: undefined,
        sparedUntil: now,
        wroteAt: undefined
      }
      this.#held.set(name, held)
    }
    return held
  }
}

/** The taints of a node with or without ours; those of others stay as they are, in their order. */
export function taintsWith<T extends Pick<Taint, 'key' | 'effect'> & Partial<Taint>>(
  taints: readonly T[],
  tainted: boolean
): readonly (T | Taint)[] {
  const others = taints.filter(({ key, value = '', effect }) => !isOurs({ key, value, effect }))
  return tainted ? [...others, lowPids] : others
}
