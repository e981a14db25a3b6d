import type { Millis, Pids } from '../lib/units.ts'
import type { Ceiling, NodeReading } from '../model/node-reading.ts'
import type { Floor } from '../policy/settings.ts'

/** `node` is min(pid_max, threads-max); `kubepods` is pids.max of the cgroup that holds all pods. */
export type CeilingName = 'node' | 'kubepods'

/** One ceiling of one node, with everything that counts against it. */
export interface CeilingAccount {
  readonly ceiling: CeilingName
  readonly limit: Pids
  readonly inUse: Pids
  /** In use, plus the part of its pods' estimates that is not observed yet. */
  readonly committed: Pids
  /** PIDs that the namespace's floor keeps free. */
  readonly floor: Pids
  /** May be negative: committed already reaches into the floor, or beyond the limit. */
  readonly free: Pids
}

/** The figures of one node against one floor. */
export interface NodeAccount {
  readonly node: string
  /** The known ceilings with a limit, the tightest first. */
  readonly ceilings: readonly CeilingAccount[]
  /** Age of the reading; undefined when there is none. */
  readonly age: Millis | undefined
}

/** The figures of one node: its last reading, and the sums over its pods. */
export interface NodeFigures {
  readonly host: Ceiling
  readonly kubepods: Ceiling
  /** Σ over its pods of the part of their estimates that is not observed yet; of pods that end only while they may still grow. */
  readonly pending: Pids
  /**
   * Σ over all its pods of their observed tasks. They are in use under both ceilings, and may be newer than a ceiling's
   * own figure: cAdvisor samples each cgroup separately, up to 15 s apart. So at least this much is in use.
   */
  readonly seen: Pids
  /** Tasks under kubepods that no pod's own figure shows, see `unattributedIn`; 0 where absent. */
  readonly unattributed?: Pids
}

/** How long after a pod is ready a reading has a figure of it for sure: two rounds of cAdvisor, of up to 15 s each. */
const surelySampled: Millis = 30_000

/** Whether a reading of that instant must have a figure of the pod, by when it became ready. */
export function mustHaveFigure({ readySince }: { readonly readySince?: Millis | undefined }, at: Millis): boolean {
  return readySince !== undefined && at - readySince >= surelySampled
}

/**
 * Tasks that a reading shows under kubepods and of no pod: the samples of cgroups are up to 15 s apart, and pods have begun or grown
 * since theirs was taken. Beside what those pods may still take they would count twice, so they count as a part of that. 0 where figures
 * are missing that must be there (`mustHaveFigure`): then it is not known whose tasks these are.
 */
export function unattributedIn(
  { kubepods, pods }: Pick<NodeReading, 'kubepods' | 'pods'>,
  lacksFigures: boolean
): Pids {
  if (pods === undefined || kubepods.inUse === undefined || lacksFigures) return 0
  let attributed = 0
  for (const tasks of pods.values()) attributed += tasks
  return Math.max(0, kubepods.inUse - attributed)
}

/** What pods may still take, beyond the tasks in use that are theirs already. */
export function stillToCome({ pending, unattributed = 0 }: Pick<NodeFigures, 'pending' | 'unattributed'>): Pids {
  return Math.max(0, pending - unattributed)
}

/** PIDs that the floor keeps free under a ceiling; a share is rounded up. */
export function floorUnder(limit: Pids, floor: Floor): Pids {
  if ('pids' in floor) return floor.pids
  // 0.9 × 10 is a little more than 9 in binary, and must not become 10.
  return Math.ceil(limit * floor.share - 1e-6)
}

/** PIDs free under one ceiling; Infinity without a limit, undefined when limit or use is not known. */
export function freeUnder(
  { limit, inUse }: Ceiling,
  figures: Pick<NodeFigures, 'pending' | 'seen' | 'unattributed'>,
  floor: Floor
): Pids | undefined {
  const { seen } = figures
  if (limit === undefined || limit === Number.POSITIVE_INFINITY) return limit
  if (inUse === undefined) return undefined
  return limit - floorUnder(limit, floor) - (inUse > seen ? inUse : seen) - stillToCome(figures)
}

/**
 * What a binding leaves free: a quarter of the floor. The scheduler chose the node before it could know of the last pods there, and a
 * pod that is refused waits for one to ten seconds. Taints and offers keep the whole floor, so the next pod goes elsewhere.
 * In `npm run bench:placement` (seeds 1 to 12) 9 % of bindings were refused where it were 20 %, 13 % where it were 26 (packing
 * scheduler), and nodes were promised beyond their ceiling no longer than before. Own choice.
 */
export function floorOfBindings(floor: Floor): Floor {
  return partOf(floor, 1 / 4)
}

/**
 * What a new pod leaves free where its binding is checked and full nodes are tainted: three quarters of the floor. What is in use is known
 * some tenths of a second late, so a pod may be denied for PIDs that are free already, and its controller backs off. Admitted in vain
 * it is Pending until there is room. Of the denials in `npm run bench:placement` (seeds 7 to 60) 2 % were such mistakes, 5 % where it were the
 * whole floor. Own choice.
 */
export function floorOfNewPods(floor: Floor, { taintNodes }: { readonly taintNodes: boolean }): Floor {
  return taintNodes ? partOf(floor, 3 / 4) : floor
}

/** A count is rounded up. */
function partOf(floor: Floor, part: number): Floor {
  return 'pids' in floor ? { pids: Math.ceil(floor.pids * part) } : { share: floor.share * part }
}

/**
 * PIDs free on the node as far as its ceilings are known: the smaller figure of the known ones. An unknown ceiling can only
 * lower it. So it suffices to conclude that a pod does not fit, but only with `isWhole` that it does. undefined when
 * neither ceiling is known.
 */
export function freeAtMost(figures: NodeFigures, floor: Floor): Pids | undefined {
  const host = freeUnder(figures.host, figures, floor)
  const kubepods = freeUnder(figures.kubepods, figures, floor)
  if (host === undefined) return kubepods
  return kubepods === undefined || host < kubepods ? host : kubepods
}

/** Whether both ceilings are known: then `freeAtMost` is exact. */
export function isWhole({ host, kubepods }: Pick<NodeFigures, 'host' | 'kubepods'>): boolean {
  return isKnown(host) && isKnown(kubepods)
}

/** Limit and use are known, or there is no limit. */
export function isKnown({ limit, inUse }: Ceiling): boolean {
  return limit === Number.POSITIVE_INFINITY || (limit !== undefined && inUse !== undefined)
}

/** PIDs above the floor if nothing were in use; undefined where a limit is not known. */
export function roomWhenEmpty(
  { host, kubepods }: Pick<NodeFigures, 'host' | 'kubepods'>,
  floor: Floor
): Pids | undefined {
  if (host.limit === undefined || kubepods.limit === undefined) return undefined
  const limit = Math.min(host.limit, kubepods.limit)
  return limit === Number.POSITIVE_INFINITY ? limit : limit - floorUnder(limit, floor)
}

/** How many pods of this size the free PIDs hold. */
export function wholePods(free: Pids, pids: Pids): number {
  return free < pids ? 0 : Math.floor(free / pids)
}

/** Both ceilings with all their figures, for people; the tightest first. */
export function ceilingAccounts(figures: NodeFigures, floor: Floor): CeilingAccount[] {
  return [accountOf('node', figures.host, figures, floor), accountOf('kubepods', figures.kubepods, figures, floor)]
    .filter((account) => account !== undefined)
    .sort((a, b) => a.free - b.free)
}

function accountOf(
  name: CeilingName,
  ceiling: Ceiling,
  figures: NodeFigures,
  floor: Floor
): CeilingAccount | undefined {
  const free = freeUnder(ceiling, figures, floor)
  const { limit } = ceiling
  if (free === undefined || limit === undefined || ceiling.inUse === undefined || free === Number.POSITIVE_INFINITY)
    return undefined
  const inUse = Math.max(ceiling.inUse, figures.seen)
  return { ceiling: name, limit, inUse, committed: inUse + stillToCome(figures), floor: floorUnder(limit, floor), free }
}
