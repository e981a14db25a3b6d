import type { Millis, Pids } from '../model/units.ts'
import type { Floor } from '../policy/settings.ts'
import type { Ceiling, PodFacts, WorkloadName } from '../ports.ts'

/** What the policy says of pods and room, as far as `top` needs it. */
export interface TopPolicy {
  estimateOf(pod: PodFacts): Pids
  readonly floor: Floor
}

export type CeilingName = 'node' | 'kubepods'

/** One node; whatever is not known is undefined. */
export interface NodeRow {
  readonly node: string
  readonly host: Ceiling
  readonly kubepods: Ceiling
  /** The ceiling that is closest to its limit, and the share of it in use, from 0. */
  readonly tightest: CeilingName | undefined
  readonly used: number | undefined
  /** In use at the tightest ceiling, and what pods there have not shown yet of their estimates. */
  readonly committed: Pids | undefined
  /** Tasks the policy keeps free there. */
  readonly floor: Pids | undefined
  /** What fits above the floor at both ceilings; below 0 when the floor is already used. */
  readonly free: Pids | undefined
  readonly age: Millis | undefined
  readonly pods: number
  readonly biggest: { readonly namespace: string; readonly name: string; readonly pids: Pids } | undefined
  readonly pidPressure: boolean | undefined
  /** Why something is not known; empty when all is. */
  readonly missing: readonly string[]
}

export interface PodRow {
  readonly namespace: string
  readonly pod: string
  readonly workload: WorkloadName
  readonly node: string | undefined
  readonly phase: string
  readonly pids: Pids | undefined
  /** pids.max of the pod itself; undefined: none, or not known. */
  readonly limit: Pids | undefined
  /** Share of the tightest ceiling of its node. */
  readonly share: number | undefined
  readonly declared: Pids | undefined
  readonly age: Millis | undefined
}

export interface WorkloadRow {
  readonly namespace: string
  readonly workload: WorkloadName
  readonly pods: number
  /** Of how many pods the tasks are known. */
  readonly read: number
  readonly pids: Pids | undefined
  /** The largest pod. */
  readonly peak: Pids | undefined
  readonly declared: Pids | undefined
  readonly nodes: number
}
