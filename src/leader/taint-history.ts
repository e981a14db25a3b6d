import type { Millis } from '../lib/units.ts'
import type { Taint } from '../model/cluster-objects.ts'
import { isOurs, isTainted, lowPids, type NodeStanding } from './taint-plan.ts'

/** How long we leave a node untainted after another program or a person removed our taint: a controller may do so again. */
const sparedTime: Millis = 60_000

/** How long a cache may still show a node as it was before our last write. Own choice; a watch takes milliseconds. */
export const lateTime: Millis = 10_000

/** Taints set on one node: at most so many at once, and so many an hour. Beyond that its bindings are refused instead. Own choice. */
const mostTaints = { atOnce: 40, perHour: 240 } as const

/** What one look shows of a node. */
export type SeenNode = Omit<NodeStanding, 'unknownFor' | 'taintedFor' | 'isSpared'>

export interface Remembered {
  readonly standing: NodeStanding
  /** Our taint was removed since the last look, and not by us. */
  readonly isTakenAway: boolean
}

interface Held {
  tainted: boolean
  /** When the taint was set; -Infinity: before our first look. */
  taintedAt: Millis
  /** Since when there is no fresh reading; undefined while there is one. */
  unknownSince: Millis | undefined
  sparedUntil: Millis
  /** How often it may still be tainted, as of that instant. */
  allowance: number
  countedAt: Millis
  /** What the cache showed at our last look. */
  shown: boolean
  /** Changes that the cache has still to show until it has shown our last write. */
  unshown: number
  wroteAt: Millis
}

/** What one look at the nodes cannot show, and taints depend on: how long a state has lasted, and who changed it. */
export class TaintMemory {
  readonly #held = new Map<string, Held>()

  /** Call it for every node, once a look; `now` is monotonic. */
  observe(node: SeenNode, now: Millis): Remembered {
    const seen = isTainted(node.taints)
    const held = this.#of(node.name, seen, now)
    held.unknownSince = node.room?.isWhole === true ? undefined : (held.unknownSince ?? now)
    if (seen !== held.shown) held.unshown = Math.max(0, held.unshown - 1)
    held.shown = seen
    if (now - held.wroteAt >= lateTime) held.unshown = 0
    // The cache does not show our last write yet, so a difference is not the work of others.
    const isLate = held.unshown > 0
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
      isSpared: now < held.sparedUntil || allowanceOf(held, now) < 1
    }
    return { standing, isTakenAway }
  }

  /** Call it after each of our own writes, so that its effect is not taken for the work of others. */
  wrote(name: string, tainted: boolean, now: Millis): void {
    const held = this.#of(name, tainted, now)
    held.tainted = tainted
    held.taintedAt = now
    held.wroteAt = now
    held.unshown++
    // Somebody else has changed it too: each change makes the other of two states.
    if ((held.unshown % 2 === 1) === (held.shown === tainted)) held.unshown++
    if (!tainted) return
    held.allowance = allowanceOf(held, now) - 1
    held.countedAt = now
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
        allowance: mostTaints.atOnce,
        countedAt: now,
        shown: tainted,
        unshown: 0,
        wroteAt: Number.NEGATIVE_INFINITY
      }
      this.#held.set(name, held)
    }
    return held
  }
}

function allowanceOf({ allowance, countedAt }: Held, now: Millis): number {
  return Math.min(mostTaints.atOnce, allowance + ((now - countedAt) * mostTaints.perHour) / 3_600_000)
}

/** The taints of a node with or without ours. All other taints stay, in their order. */
export function taintsWith<T extends Pick<Taint, 'key' | 'effect'> & Partial<Taint>>(
  taints: readonly T[],
  tainted: boolean
): readonly (T | Taint)[] {
  const others = taints.filter(({ key, value = '', effect }) => !isOurs({ key, value, effect }))
  return tainted ? [...others, lowPids] : others
}
