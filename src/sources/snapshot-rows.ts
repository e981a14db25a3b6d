import { compareTexts } from '../model/compare.ts'
import type { Millis, Pids } from '../model/units.ts'
import type { Floor } from '../policy/settings.ts'
import type { Ceiling, NodeReading, PodFacts, WorkloadName } from '../ports.ts'
import type { ClusterSnapshot } from './snapshot.ts'

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

/** Tasks die with the pod: a pod that ended holds none, and promises none. */
function isAlive({ phase }: PodFacts): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed'
}

/** Fullest first; nodes of which nothing is known come last. */
export function nodeRows(snapshot: ClusterSnapshot, policy: TopPolicy): NodeRow[] {
  const podsByNode = Map.groupBy(snapshot.pods.filter(isAlive), ({ node }) => node)
  return snapshot.nodes
    .map(({ name, pidPressure }) => {
      const reading = snapshot.readings.get(name)
      const pods = podsByNode.get(name) ?? []
      const failure = snapshot.failures.get(name)
      return {
        node: name,
        ...figuresOf(reading, pods, policy),
        age: reading === undefined ? undefined : Math.max(0, snapshot.takenAt - reading.at),
        pods: pods.length,
        pidPressure,
        missing: [...(failure === undefined ? [] : [failure]), ...(reading?.gaps ?? [])].map(
          ({ reason, detail }) => `${reason}: ${detail}`
        )
      }
    })
    .sort((a, b) => descending(a.used, b.used) || compareTexts(a.node, b.node))
}

function figuresOf(reading: NodeReading | undefined, pods: readonly PodFacts[], policy: TopPolicy) {
  const host = reading?.host ?? unknown
  const kubepods = reading?.kubepods ?? unknown
  const ceilings = [judge('kubepods', kubepods, policy.floor), judge('node', host, policy.floor)].filter(
    (each) => each !== undefined
  )
  const tightest = ceilings.toSorted((a, b) => b.used - a.used)[0]
  let outstanding: Pids | undefined
  let biggest: NodeRow['biggest']
  for (const pod of reading?.pods === undefined ? [] : pods) {
    const pids = reading?.pods?.get(pod.uid)
    outstanding = (outstanding ?? 0) + Math.max(0, policy.estimateOf(pod) - (pids ?? 0))
    if (pids !== undefined && pids > (biggest?.pids ?? 0)) biggest = { namespace: pod.namespace, name: pod.name, pids }
  }
  if (reading?.pods !== undefined) outstanding ??= 0
  const room =
    outstanding === undefined ? [] : ceilings.map(({ limit, floor, inUse }) => limit - floor - inUse - outstanding)
  return {
    host,
    kubepods,
    tightest: tightest?.name,
    used: tightest?.used,
    committed: tightest === undefined || outstanding === undefined ? undefined : tightest.inUse + outstanding,
    floor: tightest?.floor,
    // One ceiling alone says nothing about the other.
    free: ceilings.length < 2 || room.length < 2 ? undefined : Math.floor(Math.min(...room)),
    biggest
  }
}

const unknown: Ceiling = { limit: undefined, inUse: undefined }

function judge(name: CeilingName, { limit, inUse }: Ceiling, floor: Floor) {
  if (limit === undefined || inUse === undefined) return undefined
  if (limit === Number.POSITIVE_INFINITY) return { name, limit, inUse, used: 0, floor: 0 }
  return {
    name,
    limit,
    inUse,
    used: limit === 0 ? 1 : inUse / limit,
    floor: 'pids' in floor ? floor.pids : Math.ceil(limit * floor.share)
  }
}

/** Most tasks first; pods of which nothing is known come last. */
export function podRows(snapshot: ClusterSnapshot): PodRow[] {
  return snapshot.pods
    .filter(isAlive)
    .map((pod) => {
      const reading = pod.node === undefined ? undefined : snapshot.readings.get(pod.node)
      const pids = reading?.pods?.get(pod.uid)
      const ceiling = Math.min(...[reading?.host.limit, reading?.kubepods.limit].filter((limit) => limit !== undefined))
      return {
        namespace: pod.namespace,
        pod: pod.name,
        workload: pod.workload,
        node: pod.node,
        phase: pod.phase,
        pids,
        limit: reading?.podLimits?.get(pod.uid),
        share: pids === undefined || !Number.isFinite(ceiling) || ceiling === 0 ? undefined : pids / ceiling,
        declared: pod.declared,
        age: reading === undefined ? undefined : Math.max(0, snapshot.takenAt - reading.at)
      }
    })
    .sort((a, b) => descending(a.pids, b.pids) || compareTexts(a.namespace, b.namespace) || compareTexts(a.pod, b.pod))
}

/** Most tasks first, over all pods of the workload. */
export function workloadRows(snapshot: ClusterSnapshot): WorkloadRow[] {
  const groups = Map.groupBy(
    podRows(snapshot),
    ({ namespace, workload: { kind, name } }) => `${namespace}/${kind}/${name}`
  )
  return [...groups.values()]
    .map((pods) => {
      const known = pods.map(({ pids }) => pids).filter((pids) => pids !== undefined)
      const [first] = pods
      return {
        namespace: first?.namespace ?? '',
        workload: first?.workload ?? { kind: '', name: '' },
        pods: pods.length,
        read: known.length,
        pids: known.length === 0 ? undefined : known.reduce((sum, pids) => sum + pids, 0),
        peak: known.length === 0 ? undefined : Math.max(...known),
        declared: first?.declared,
        nodes: new Set(pods.map(({ node }) => node).filter((node) => node !== undefined)).size
      }
    })
    .sort(
      (a, b) =>
        descending(a.pids, b.pids) ||
        compareTexts(a.namespace, b.namespace) ||
        compareTexts(a.workload.name, b.workload.name)
    )
}

function descending(a: number | undefined, b: number | undefined): number {
  return (b ?? -1) - (a ?? -1)
}
