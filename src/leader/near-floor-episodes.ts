import { type CeilingAccount, floorUnder } from '../headroom/ceiling-account.ts'
import type { NodeRoom } from '../headroom/node-room.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Floor } from '../policy/settings.ts'

/*
 * Which nodes come near their floor, so that somebody is told before pods are refused there. A node is near when less
 * is free above the floor than `nearShare` of the ceiling, or than the next pod takes; that is at least as early as the
 * taint. It is away again when there is more room than that by the hysteresis of the taint; all in between is one
 * episode, told once. What is not known begins none and ends none.
 */

/** Of the ceiling, above the floor. Own choice: of kernel.pid_max 32768 some 1,600 tasks, of kubepods 1500 it is 75. */
const nearShare: Floor = { share: 0.05 }

/** Time that a low node has to be tainted, whose Event then says it all; the leader looks every 2 s. Own choice. */
export const taintTime: Millis = 10_000

/** One node at one look. */
export interface SeenNode {
  readonly name: string
  /** Carries our taint. */
  readonly isTainted: boolean
  /** undefined without a fresh reading. */
  readonly room: NodeRoom | undefined
}

export interface NearSettings {
  /** What the next pod takes. */
  readonly estimate: Pids
  readonly taintHysteresis: Floor
  /** Low nodes are tainted, and told of by that. */
  readonly taintNodes: boolean
}

/** A node that nobody has been told of yet. */
export interface NearNode {
  readonly name: string
  readonly tightest: CeilingAccount
  /** It was near when it was seen first: whoever led before may have told of it. */
  readonly isOld: boolean
}

interface Episode {
  readonly since: Millis
  readonly isOld: boolean
  isTold: boolean
}

/** The episodes of all nodes, as the leader sees them from look to look. */
export class NearFloorMemory {
  readonly #episodes = new Map<string, Episode>()
  /** Nodes that were known at some look of ours. */
  readonly #known = new Set<string>()

  /** Nodes that are in an episode. */
  get size(): number {
    return this.#episodes.size
  }

  /** To be told of every node at every look, once; `now` is monotonic. Gives back what is to be told of it now. */
  observe({ name, isTainted, room }: SeenNode, settings: NearSettings, now: Millis): NearNode | undefined {
    const tightest = room?.ceilings[0]
    const isNear = room?.ceilings.some((account) => account.free < marginOf(account, settings)) === true
    if (room !== undefined && !isNear && isAway(room, settings)) this.#episodes.delete(name)
    if (isNear && !this.#episodes.has(name)) {
      this.#episodes.set(name, { since: now, isOld: !this.#known.has(name), isTold: false })
    }
    if (room !== undefined) this.#known.add(name)
    const episode = this.#episodes.get(name)
    if (episode === undefined || episode.isTold || tightest === undefined || !isNear) return undefined
    if (isTainted) episode.isTold = true
    const isToBeTainted = settings.taintNodes && tightest.free < settings.estimate && now - episode.since < taintTime
    return isTainted || isToBeTainted ? undefined : { name, tightest, isOld: episode.isOld }
  }

  /** Somebody has been told. */
  told(name: string): void {
    const episode = this.#episodes.get(name)
    if (episode !== undefined) episode.isTold = true
  }

  /** Drops what is held of nodes that are gone. */
  retain(has: (name: string) => boolean): void {
    for (const name of this.#known) {
      if (has(name)) continue
      this.#known.delete(name)
      this.#episodes.delete(name)
    }
  }
}

function marginOf({ limit }: CeilingAccount, { estimate }: NearSettings): Pids {
  return Math.max(estimate, floorUnder(limit, nearShare))
}

/** Where a ceiling is not known there may be less room than it seems. */
function isAway({ ceilings, isWhole }: NodeRoom, settings: NearSettings): boolean {
  return (
    isWhole &&
    ceilings.every(
      (account) => account.free >= marginOf(account, settings) + floorUnder(account.limit, settings.taintHysteresis)
    )
  )
}
