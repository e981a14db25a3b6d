import { compareTexts } from '../model/compare.ts'
import type { Millis, Pids } from '../model/units.ts'
import type { Floor } from '../policy/settings.ts'
import type { Ceiling, NodeFacts, NodeReading, PodFacts, ReadingFailure, WorkloadName } from '../ports.ts'
import type { CeilingName, NodeRow, PodRow, TopPolicy, WorkloadRow } from './fleet-rows.ts'

/** What the pods of one node come to. */
interface NodeSum {
  pods: number
  /** What pods have not shown of their estimates, where their tasks are known at all. */
  outstanding: Pids
  biggest: NodeRow['biggest']
}

interface WorkloadSum {
  readonly namespace: string
  readonly workload: WorkloadName
  readonly declared: Pids | undefined
  pods: number
  read: number
  pids: Pids
  peak: Pids
  readonly nodes: Set<string>
}

/** Adds up a fleet pod by pod: what it holds grows with nodes and workloads, not with pods. */
export class FleetTally {
  readonly #readings: ReadonlyMap<string, NodeReading>
  readonly #takenAt: Millis
  readonly #policy: TopPolicy
  readonly #nodes = new Map<string, NodeSum>()
  readonly #workloads = new Map<string, WorkloadSum>()

  constructor(readings: ReadonlyMap<string, NodeReading>, takenAt: Millis, policy: TopPolicy) {
    this.#readings = readings
    this.#takenAt = takenAt
    this.#policy = policy
  }

  /** The pod as a row; undefined for one that ended: its tasks died with it, and it promises none. */
  add(pod: PodFacts): PodRow | undefined {
    if (pod.phase === 'Succeeded' || pod.phase === 'Failed') return undefined
    const reading = pod.node === undefined ? undefined : this.#readings.get(pod.node)
    const row = rowOf(pod, reading, this.#takenAt)
    this.#addToNode(pod, row, reading)
    this.#addToWorkload(row)
    return row
  }

  /** Fullest first; nodes of which nothing is known come last. */
  nodeRows(nodes: Iterable<NodeFacts>, failures: ReadonlyMap<string, ReadingFailure>): NodeRow[] {
    return [...nodes]
      .map(({ name, pidPressure }) => {
        const reading = this.#readings.get(name)
        const sum = this.#nodes.get(name) ?? noPods
        const failure = failures.get(name)
        return {
          node: name,
          ...figuresOf(reading, sum, this.#policy.floor),
          age: ageOf(reading, this.#takenAt),
          pods: sum.pods,
          pidPressure,
          missing: [...(failure === undefined ? [] : [failure]), ...(reading?.gaps ?? [])].map(
            ({ reason, detail }) => `${reason}: ${detail}`
          )
        }
      })
      .sort((a, b) => descending(a.used, b.used) || compareTexts(a.node, b.node))
  }

  /** Most tasks first. */
  workloadRows(): WorkloadRow[] {
    return [...this.#workloads.values()]
      .map(({ namespace, workload, declared, pods, read, pids, peak, nodes }) => ({
        namespace,
        workload,
        pods,
        read,
        pids: read === 0 ? undefined : pids,
        peak: read === 0 ? undefined : peak,
        declared,
        nodes: nodes.size
      }))
      .sort(
        (a, b) =>
          descending(a.pids, b.pids) ||
          compareTexts(a.namespace, b.namespace) ||
          compareTexts(a.workload.name, b.workload.name)
      )
  }

  #addToNode(pod: PodFacts, { pids, namespace }: PodRow, reading: NodeReading | undefined): void {
    if (pod.node === undefined) return
    const sum = this.#nodes.get(pod.node) ?? { ...noPods }
    this.#nodes.set(pod.node, sum)
    sum.pods++
    if (reading?.pods === undefined) return
    sum.outstanding += Math.max(0, this.#policy.estimateOf(pod) - (pids ?? 0))
    if (pids !== undefined && pids > (sum.biggest?.pids ?? 0)) sum.biggest = { namespace, name: pod.name, pids }
  }

  #addToWorkload({ namespace, workload, declared, node, pids }: PodRow): void {
    const key = `${namespace}/${workload.kind}/${workload.name}`
    let sum = this.#workloads.get(key)
    if (sum === undefined) {
      sum = { namespace, workload, declared, pods: 0, read: 0, pids: 0, peak: 0, nodes: new Set() }
      this.#workloads.set(key, sum)
    }
    sum.pods++
    if (node !== undefined) sum.nodes.add(node)
    if (pids === undefined) return
    sum.read++
    sum.pids += pids
    sum.peak = Math.max(sum.peak, pids)
  }
}

const noPods: NodeSum = { pods: 0, outstanding: 0, biggest: undefined }

/** Most tasks first; pods of which nothing is known come last. */
export function byPids(a: PodRow, b: PodRow): number {
  return descending(a.pids, b.pids) || compareTexts(a.namespace, b.namespace) || compareTexts(a.pod, b.pod)
}

function rowOf(pod: PodFacts, reading: NodeReading | undefined, takenAt: Millis): PodRow {
  const pids = reading?.pods?.get(pod.uid)
  const ceiling = Math.min(reading?.host.limit ?? Infinity, reading?.kubepods.limit ?? Infinity)
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
    age: ageOf(reading, takenAt)
  }
}

function ageOf(reading: NodeReading | undefined, takenAt: Millis): Millis | undefined {
  return reading === undefined ? undefined : Math.max(0, takenAt - reading.at)
}

function figuresOf(reading: NodeReading | undefined, sum: NodeSum, floor: Floor) {
  const host = reading?.host ?? unknown
  const kubepods = reading?.kubepods ?? unknown
  const ceilings = [judge('kubepods', kubepods, floor), judge('node', host, floor)].filter((each) => each !== undefined)
  const tightest = ceilings.toSorted((a, b) => b.used - a.used)[0]
  const outstanding = reading?.pods === undefined ? undefined : sum.outstanding
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
    biggest: sum.biggest
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

function descending(a: number | undefined, b: number | undefined): number {
  return (b ?? -1) - (a ?? -1)
}
