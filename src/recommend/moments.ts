import type { RuntimeSign } from '../kubernetes/pods/told-runtime.ts'
import type { Bytes, Millis, Pids } from '../lib/units.ts'
import type { NodeFacts, PodFacts, WorkloadName } from '../model/cluster-objects.ts'
import type { Ceiling, NodeReading } from '../model/node-reading.ts'
import { outsideOf } from '../model/task-places.ts'

/** One node at one moment. */
export interface NodeMoment {
  readonly node: string
  readonly at: Millis
  readonly labels: Readonly<Record<string, string>>
  readonly memory: Bytes | undefined
  readonly host: Ceiling
  readonly kubepods: Ceiling
  /** Tasks outside of pods; undefined: not known. */
  readonly outside: Pids | undefined
  /** Pods there that have not ended. */
  readonly pods: number
  /** The tasks of its pods, or of the biggest of them. */
  readonly biggest: readonly Pids[]
}

/** The pods of one workload at one moment. */
export interface WorkloadMoment extends WorkloadName {
  readonly namespace: string
  readonly at: Millis
  /** The largest of its pods. */
  readonly peak: Pids
  readonly pods: number
  readonly declared: Pids | undefined
  /** What its program runs on; undefined: no pod of it tells. */
  readonly runtime?: RuntimeSign | undefined
}

/** All that was seen. */
export interface Moments {
  readonly nodes: readonly NodeMoment[]
  readonly workloads: readonly WorkloadMoment[]
}

/** A cluster at one moment; see `ClusterSnapshot`. */
export interface SeenCluster {
  readonly nodes: readonly NodeFacts[]
  readonly pods: readonly PodFacts[]
  readonly readings: ReadonlyMap<string, NodeReading>
}

/** What clusters, or one cluster at several moments, looked like. Nodes without a reading or without a ceiling are left out. */
export function momentsOf(clusters: readonly SeenCluster[]): Moments {
  const parts = clusters.map((cluster) => ({ nodes: nodesOf(cluster), workloads: workloadsOf(cluster) }))
  return { nodes: parts.flatMap(({ nodes }) => nodes), workloads: parts.flatMap(({ workloads }) => workloads) }
}

function nodesOf({ nodes, pods, readings }: SeenCluster): NodeMoment[] {
  const podsByNode = Map.groupBy(pods.filter(isAlive), ({ node }) => node)
  return nodes.flatMap(({ name, labels, memory }) => {
    const reading = readings.get(name)
    if (reading === undefined || reading.withoutCeiling !== undefined) return []
    const there = podsByNode.get(name) ?? []
    return {
      node: name,
      at: reading.at,
      labels,
      memory,
      host: reading.host,
      kubepods: reading.kubepods,
      outside: outsideOf(reading.host.inUse, reading.kubepods.inUse),
      pods: there.length,
      biggest: there.map((pod) => pidsOf(pod, reading)).filter((pids) => pids !== undefined)
    }
  })
}

function workloadsOf({ pods, readings }: SeenCluster): WorkloadMoment[] {
  const groups = Map.groupBy(
    pods.filter(isAlive).filter(({ node }) => node !== undefined && readings.has(node)),
    ({ namespace, workload }) => `${workload.kind} ${namespace}/${workload.name}`
  )
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    const known = group.map((pod) => pidsOf(pod, readings.get(pod.node ?? ''))).filter((pids) => pids !== undefined)
    if (first === undefined || known.length === 0) return []
    const { namespace, workload, node = '', declared } = first
    const runtime = group.find((pod) => pod.runtime !== undefined)?.runtime
    const at = readings.get(node)?.at ?? 0
    return { ...workload, namespace, at, peak: Math.max(...known), pods: group.length, declared, runtime }
  })
}

function pidsOf({ uid, cgroup = uid }: PodFacts, reading: NodeReading | undefined): Pids | undefined {
  return reading?.pods?.get(cgroup)
}

function isAlive({ phase }: PodFacts): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed'
}
