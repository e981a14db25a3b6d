import { longestFull } from '../headroom/assess/headroom-query.ts'
import { type CeilingAccount, floorUnder } from '../headroom/ceiling-account.ts'
import { lowPidsTaint } from '../headroom/ledger/may-land.ts'
import type { NodeRoom } from '../headroom/node-room.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Taint } from '../model/cluster-objects.ts'
import type { Settings } from '../policy/settings.ts'

/*
 * Which nodes carry pidguard's taint, so that the scheduler chooses others. Refused bindings alone would not move a pod:
 * the scheduler may choose the same node again and again.
 *
 * A node is low when the next pod would reach into its floor. A binding there is refused at the same point: with a lower
 * threshold, some nodes would refuse pods without being tainted. The taint goes when the free PIDs exceed that threshold
 * by the hysteresis. Where pods wait, they decide, at once in both directions and for all nodes: a node that is closed to
 * them would only refuse them (see awaited-room.ts). An unknown node is never tainted. A tainted node that becomes unknown keeps its taint for a while,
 * because a node without free PIDs cannot answer. Then it loses the taint: without data, pidguard must not keep nodes closed.
 */

/** The taint itself. One of the same key with another value or effect is not ours. */
export const lowPids: Taint = { key: lowPidsTaint, value: '', effect: 'NoSchedule' }

/** How long a node stays tainted after its last fresh reading: as long as admission counts a full node as full. */
export const longestUnknown: Millis = longestFull

/** The shortest time that a taint stays, however many PIDs are free: two rounds of readings. Own choice. */
const leastTainted: Millis = 30_000

/** One node as the leader sees it. */
export interface NodeStanding {
  readonly name: string
  /** All of its taints, with ours if it has it. */
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  /** undefined without a fresh reading. */
  readonly room: NodeRoom | undefined
  /** PIDs of the next pod there: the usual estimate, or that of a pod that waits. */
  readonly need: Pids
  /** The need is that of a pod that waits. */
  readonly isAwaited: boolean
  /** Time since the last fresh reading of both ceilings; 0 while there is one. */
  readonly unknownFor: Millis
  /** Time since the taint was set; Infinity when it was there at our first look. */
  readonly taintedFor: Millis
  /** Our taint was removed a moment ago, and not by us; or it was set too often: we do not set it now. */
  readonly isSpared: boolean
}

export type TaintSettings = Pick<
  Settings['headroom'],
  'taintNodes' | 'maxTaintedShare' | 'taintHysteresis' | 'autoscaled'
>

/**
 * `recovered`: more PIDs are free than the hysteresis asks for. `unknown`: no fresh reading for too long. `share`: too many
 * nodes carry the taint, and others have less room. `off`: the policy does not want taints.
 */
export type UntaintReason = 'recovered' | 'unknown' | 'share' | 'off'

/** A node to taint, and why. */
export interface LowNode extends Pick<NodeStanding, 'name' | 'need'> {
  readonly tightest: CeilingAccount
}

export interface TaintPlan {
  /** The one with the fewest free PIDs first. */
  readonly taint: readonly LowNode[]
  readonly untaint: readonly {
    readonly name: string
    readonly reason: UntaintReason
    readonly tightest: CeilingAccount | undefined
  }[]
  /** Nodes that stay tainted. */
  readonly kept: number
  /** Nodes that are low and are not tainted, because `maxTaintedShare` of the nodes are tainted already. */
  readonly passedOver: number
}

type Verdict = 'low' | 'between' | 'recovered' | 'unknown'

interface RatedNode {
  readonly node: NodeStanding
  readonly verdict: Verdict
  readonly isTainted: boolean
  readonly tightest: CeilingAccount | undefined
}

/** What to change now. Once that is done, and nothing else has changed, the next plan is empty. */
export function planTaints(nodes: Iterable<NodeStanding>, settings: TaintSettings): TaintPlan {
  const taint: LowNode[] = []
  const untaint: { name: string; reason: UntaintReason; tightest: CeilingAccount | undefined }[] = []
  let kept = 0
  let passedOver = 0
  for (const pool of poolsOf(nodes, settings)) {
    let left = mostTainted(pool.filter(isOpen).length, settings)
    for (const rated of pool.sort(byUrgency)) {
      const { node, isTainted, tightest } = rated
      const { name, need } = node
      const reason = isTainted ? reasonToUntaint(rated, settings) : undefined
      if (reason !== undefined) untaint.push({ name, reason, tightest })
      else if (!isOpen(rated)) kept += Number(isTainted)
      else if (node.isAwaited && isTainted) kept++
      else if (node.isAwaited) {
        if (tightest !== undefined && mayTaint(rated, settings)) taint.push({ name, need, tightest })
      } else if (isTainted && left > 0) {
        left--
        kept++
      } else if (isTainted) untaint.push({ name, reason: 'share', tightest })
      else if (tightest !== undefined && mayTaint(rated, settings)) {
        if (left > 0) taint.push({ name, need, tightest })
        else passedOver++
        left--
      }
    }
  }
  taint.sort((a, b) => a.tightest.free - b.tightest.free || compareNames(a, b))
  untaint.sort(compareNames)
  return { taint, untaint, kept, passedOver }
}

export function isTainted(taints: readonly Taint[]): boolean {
  return taints.some(isOurs)
}

export function isOurs({ key, value, effect }: Taint): boolean {
  return key === lowPids.key && value === lowPids.value && effect === lowPids.effect
}

function mayTaint({ node, verdict }: RatedNode, { taintNodes }: TaintSettings): boolean {
  return taintNodes && verdict === 'low' && !node.isSpared
}

function reasonToUntaint({ node, verdict }: RatedNode, { taintNodes }: TaintSettings): UntaintReason | undefined {
  if (!taintNodes) return 'off'
  if (verdict === 'recovered' && (node.isAwaited || node.taintedFor >= leastTainted)) return 'recovered'
  return verdict === 'unknown' && node.unknownFor >= longestUnknown ? 'unknown' : undefined
}

/** `unknown` unless the ceilings that are known are enough to say which. */
function verdictOf({ room, need, isAwaited }: NodeStanding, { taintHysteresis }: TaintSettings): Verdict {
  if (room === undefined) return 'unknown'
  const { ceilings, isWhole } = room
  if (ceilings.some(({ free }) => free < need)) return 'low'
  if (!isWhole) return 'unknown'
  const hasRoom = ceilings.every(
    ({ limit, free }) => free >= need + (isAwaited ? 0 : floorUnder(limit, taintHysteresis))
  )
  return hasRoom ? 'recovered' : 'between'
}

/**
 * Nodes with the same taints besides ours form a pool. Pods that tolerate those taints may have no other place to go, so the
 * share holds for each pool: three nodes with GPUs among hundreds of others are not all closed at once.
 */
function poolsOf(nodes: Iterable<NodeStanding>, settings: TaintSettings): Iterable<RatedNode[]> {
  const pools = new Map<string, RatedNode[]>()
  for (const node of nodes) {
    const verdict = verdictOf(node, settings)
    const rated = { node, verdict, isTainted: isTainted(node.taints), tightest: node.room?.ceilings[0] }
    const key = poolOf(node)
    const pool = pools.get(key)
    if (pool === undefined) pools.set(key, [rated])
    else pool.push(rated)
  }
  return pools.values()
}

function poolOf({ taints }: NodeStanding): string {
  return taints
    .filter((taint) => excludes(taint) && !isOurs(taint) && !isCondition(taint))
    .map(({ key, value, effect }) => `${key}=${value}:${effect}`)
    .sort()
    .join(' ')
}

/** Whether new pods may land there, our taint aside. A node that is closed anyway is not tainted and not counted in the share. */
function isOpen({ node }: RatedNode): boolean {
  return !isClosed(node)
}

/** Cordoned, or not well. */
function isClosed({ unschedulable, taints }: Pick<NodeStanding, 'unschedulable' | 'taints'>): boolean {
  return unschedulable || taints.some((taint) => excludes(taint) && isCondition(taint))
}

function excludes({ effect }: Taint): boolean {
  return effect === 'NoSchedule' || effect === 'NoExecute'
}

/** Kubernetes sets these while the node is not well: not-ready, pid-pressure, unschedulable. */
function isCondition({ key }: Taint): boolean {
  return key.startsWith('node.kubernetes.io/')
}

/**
 * The share rounded up, so that a cluster of three may have one; but one node always stays open. With an autoscaler all may be
 * closed: it adds no node as long as one seems to have room.
 */
function mostTainted(open: number, { maxTaintedShare: share, autoscaled }: TaintSettings): number {
  if (autoscaled) return open
  // 0.07 × 100 is a little more than 7 in binary, and must not become 8.
  return Math.max(0, Math.min(Math.ceil(share * open - 1e-6), open - 1))
}

/**
 * The order in which the share is given out: tainted nodes that are still low or unknown, so that taints do not wander; then
 * other low nodes; then tainted nodes that have not quite recovered. Among equals, the node with the fewest free PIDs.
 */
function byUrgency(a: RatedNode, b: RatedNode): number {
  return urgencyOf(a) - urgencyOf(b) || freeOf(a) - freeOf(b) || compareNames(a.node, b.node)
}

function urgencyOf({ isTainted, verdict }: RatedNode): number {
  if (verdict === 'low') return isTainted ? 0 : 2
  if (verdict === 'unknown') return 1
  return 3
}

function freeOf({ tightest }: RatedNode): Pids {
  return tightest?.free ?? Number.POSITIVE_INFINITY
}

function compareNames(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name)
}

type SeenNode = Pick<NodeStanding, 'name' | 'taints' | 'unschedulable'>

/** Free PIDs of the nodes that are known whole, and that only our taint may close. */
export function freePidsOf(rooms: readonly (readonly [SeenNode, NodeRoom | undefined])[]): Map<string, Pids> {
  const free = new Map<string, Pids>()
  for (const [{ name, taints, unschedulable }, room] of rooms) {
    if (room?.isWhole !== true || isClosed({ taints, unschedulable })) continue
    free.set(name, Math.min(Number.POSITIVE_INFINITY, ...room.ceilings.map((ceiling) => ceiling.free)))
  }
  return free
}
