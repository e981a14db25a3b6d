import { type CeilingAccount, floorUnder } from '../headroom/ceiling-account.ts'
import type { NodeRoom } from '../headroom/node-room.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Floor } from '../policy/settings.ts'

/*
 * Which nodes come near their floor, so that people see it before pods are refused there. A node is near when the PIDs
 * free above its floor are fewer than `nearShare` of the ceiling, or fewer than the next pod takes; that is at least as
 * early as the taint. It is away again when the free PIDs exceed that by the hysteresis of the taint. Everything between
 * is one episode, with one Event. An unknown node begins no episode and ends none.
 */

/** Of the ceiling, above the floor. Own choice: of kernel.pid_max 32768 some 1,600 tasks, of kubepods 1500 it is 75. */
const nearShare: Floor = { share: 0.05 }

/** How long to wait for the taint of a low node, whose Event says the same; the leader looks twice a second. Own choice. */
const taintTime: Millis = 10_000

/** One node at one look. */
export interface SeenNode {
  readonly name: string
  /** Carries our taint. */
  readonly isTainted: boolean
  /** undefined without a fresh reading. */
  readonly room: NodeRoom | undefined
}

export interface NearSettings {
  /** PIDs that the next pod takes. */
  readonly estimate: Pids
  readonly taintHysteresis: Floor
  /** Low nodes are tainted, and the Event of the taint says it. */
  readonly taintNodes: boolean
}

/** A node near its floor without an Event yet. */
export interface NearNode {
  readonly name: string
  readonly tightest: CeilingAccount
  /** It was near when we saw it first: the leader before us may have posted an Event. */
  readonly isOld: boolean
}

interface Episode {
  readonly since: Millis
  readonly isOld: boolean
  isPosted: boolean
}

/** The episodes of all nodes, from look to look of one leader. */
export class NearFloorMemory {
  readonly #episodes = new Map<string, Episode>()
  /** Nodes that had a fresh reading at one of our looks. */
  readonly #known = new Set<string>()

  /** Nodes that are in an episode. */
  get size(): number {
    return this.#episodes.size
  }

  /** Call it for every node, once a look; `now` is monotonic. Gives the node back when its Event is due. */
  observe({ name, isTainted, room }: SeenNode, settings: NearSettings, now: Millis): NearNode | undefined {
    const tightest = room?.ceilings[0]
    const isNear = room?.ceilings.some((account) => account.free < marginOf(account, settings)) === true
    if (room !== undefined && !isNear && isAway(room, settings)) this.#episodes.delete(name)
    if (isNear && !this.#episodes.has(name)) {
      this.#episodes.set(name, { since: now, isOld: !this.#known.has(name), isPosted: false })
    }
    if (room !== undefined) this.#known.add(name)
    const episode = this.#episodes.get(name)
    if (episode === undefined || episode.isPosted || tightest === undefined || !isNear) return undefined
    if (isTainted) episode.isPosted = true
    const isToBeTainted = settings.taintNodes && tightest.free < settings.estimate && now - episode.since < taintTime
    return isTainted || isToBeTainted ? undefined : { name, tightest, isOld: episode.isOld }
  }

  /** Call it once the Event is posted. */
  posted(name: string): void {
    const episode = this.#episodes.get(name)
    if (episode !== undefined) episode.isPosted = true
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

/** While a ceiling is unknown, there may be less room than the others show. */
function isAway({ ceilings, isWhole }: NodeRoom, settings: NearSettings): boolean {
  return (
    isWhole &&
    ceilings.every(
      (account) => account.free >= marginOf(account, settings) + floorUnder(account.limit, settings.taintHysteresis)
    )
  )
}
