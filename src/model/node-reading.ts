import type { Millis, Pids } from '../lib/units.ts'
import type { NodeFacts } from './cluster-objects.ts'
import type { NearLimit } from './near-limit.ts'
import type { WithoutCeiling } from './nodes-without-ceiling.ts'

/** What a node reports of its tasks and of its kubelet's configuration. */

/** One ceiling and how much of it is used. Either may be unknown; unknown is undefined, never 0. */
export interface Ceiling {
  /** Infinity: there is no limit. */
  readonly limit: Pids | undefined
  readonly inUse: Pids | undefined
}

/** What one node reported of its tasks. */
export interface NodeReading {
  readonly node: string
  /** When the oldest of the figures was true, by this process' own wall clock, not by the node's. */
  readonly at: Millis
  /** The node has no ceiling, and was not asked; absent: it has one. */
  readonly withoutCeiling?: WithoutCeiling
  /** The node: min(pid_max, threads-max), and every task on it. */
  readonly host: Ceiling
  /**
   * The cgroup above kubepods whose pids.max is tighter than that, such as `/` inside of a container runtime: `host` is then
   * its limit and the tasks in it. Absent: no cgroup is.
   */
  readonly hostCgroup?: string | undefined
  /** The kubepods cgroup: pids.max, and the tasks of all pods together. */
  readonly kubepods: Ceiling
  /** Tasks by pod uid (see PodFacts.cgroup); undefined when unknown for all pods. A pod that is not in it is unknown. */
  readonly pods: ReadonlyMap<string, Pids> | undefined
  /**
   * Tasks of pods that a container runtime counted by `namespace/name` alone, until `claimByName` finds their uids; absent: none.
   */
  readonly podsByName?: Map<string, Pids>
  /** Limits (pids.max) of the pods that have one, by pod uid; undefined when unknown for all pods. */
  readonly podLimits: ReadonlyMap<string, Pids> | undefined
  /** The limits of single cgroups that are at least half used, the fullest first; undefined: limits are not known. */
  readonly nearLimits?: readonly NearLimit[] | undefined
  /** Why parts of the reading are missing; empty when it is whole. */
  readonly gaps: readonly ReadingFailure[]
}

/** The part of one kubelet's configuration that bounds PIDs. */
export interface KubeletConfig {
  /** podPidsLimit; Infinity: there is no limit. */
  readonly podPidsLimit: Pids
  /** systemReserved.pid and kubeReserved.pid together; undefined where one is no plain count. */
  readonly reserved: Pids | undefined
  /** `pid.available` of evictionHard, or else of evictionSoft, as the configuration spells it; undefined: not set. */
  readonly eviction: string | undefined
}

/** What is known of one node besides its object. Either part may be unknown. */
export interface NodeState {
  /** undefined: there is none, or it is too old. */
  readonly reading: NodeReading | undefined
  readonly kubelet: KubeletConfig | undefined
}

/** A closed set, fit for labels. */
export type ReadingFailureReason =
  | 'no-address'
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'unauthorized'
  | 'forbidden'
  | 'http-error'
  | 'too-large'
  | 'malformed'
  | 'not-reported'
  | 'cri-stats'
  | 'cgroup-drivers'

export interface ReadingFailure {
  readonly reason: ReadingFailureReason
  /** For people: what was asked, what came back, what to do. */
  readonly detail: string
}

/** Whether a reading has a gap of this reason. */
export function hasGap(reading: Pick<NodeReading, 'gaps'> | undefined, reason: ReadingFailureReason): boolean {
  return reading?.gaps.some((gap) => gap.reason === reason) ?? false
}

/** Why limits of pods and units are not known; where a runtime counts, `nearLimits` has those of containers alone. undefined: they are. */
export function lackOfLimits(
  reading: Pick<NodeReading, 'nearLimits' | 'gaps'> | undefined
): 'node not read' | 'limits not known' | undefined {
  if (reading === undefined) return 'node not read'
  return reading.nearLimits === undefined || hasGap(reading, 'cri-stats') ? 'limits not known' : undefined
}

/** A node to be read. */
export type ReadingTarget = Pick<NodeFacts, 'name' | 'address' | 'kubeletPort'> &
  Partial<Pick<NodeFacts, 'labels' | 'taints'>>
