import { lowPidsTaint } from '../../src/headroom/ledger/may-land.ts'
import { pidsEstimate } from '../../src/kubernetes/annotations.ts'
import { pidsResource } from '../../src/kubernetes/qos/pids-request.ts'
import type { Millis, Pids } from '../../src/lib/units.ts'

/*
 * What is so in the simulated cluster, whoever knows it: nodes, workloads, pods and their threads. pidguard sees of it what the API
 * server shows and what kubelets say, both late.
 */

/** The floor of the default policy. */
const floorShare = 0.1

/** Tasks of the container runtime for each pod, outside kubepods: a shim of containerd has about so many. */
const shimTasks: Pids = 12

/** The most pods on a node: the default of the kubelet. */
const mostPods = 110

export interface Taint {
  readonly key: string
  readonly value: string
  readonly effect: string
}

export interface NodeObject {
  metadata: { name: string; uid: string; labels: Record<string, string>; creationTimestamp: string }
  spec: { taints: Taint[]; unschedulable: boolean }
  status: { capacity: Record<string, string>; allocatable: Record<string, string> }
}

export interface PodObject {
  metadata: {
    name: string
    namespace: string
    uid: string
    annotations: Record<string, string>
    deletionTimestamp?: string
    [field: string]: unknown
  }
  spec: {
    nodeName?: string
    containers: { name: string; image: string; resources: { requests: Record<string, string> } }[]
    [field: string]: unknown
  }
  status: { phase: string; reason?: string; conditions?: object[] }
}

export interface Node {
  readonly object: NodeObject
  readonly kubepods: Pids
  readonly host: Pids
  /** Tasks that belong to no pod. */
  readonly base: Pids
  /** Millicores. */
  readonly cpu: number
  readonly pods: Set<Pod>
  /** What the scheduler counts there, with pods whose binding is under way. */
  usedCpu: number
  requested: Pids
  /** When cAdvisor samples kubepods, within its ten seconds. */
  readonly phase: Millis
  isGone: boolean
}

export interface Workload {
  readonly name: string
  readonly namespace: string
  readonly kind: 'Deployment' | 'StatefulSet' | 'Job'
  readonly pids: Pids
  readonly cpu: number
  readonly selector: Readonly<Record<string, string>>
  /** Until a pod has all its threads. */
  readonly ramp: Millis
  /** Of a pod of a Job. */
  readonly lifetime: Millis
  readonly pods: Set<Pod>
  wanted: number
  /** Pods that a Job has still to complete. */
  left: number
  revision: number
  isApplied: boolean
  isDeleted: boolean
  isSyncing: boolean
  isDirty: boolean
  isTimed: boolean
  failures: number
}

export interface Pod {
  readonly object: PodObject
  readonly workload: Workload
  readonly createdAt: Millis
  readonly ramp: Millis
  readonly peak: Pids
  /** When cAdvisor samples it. */
  readonly phase: Millis
  node: Node | undefined
  boundAt: Millis | undefined
  runsSince: Millis | undefined
  endedAt: Millis | undefined
  isGone: boolean
  hasLeft: boolean
  isUnschedulable: boolean
  attempts: number
  /** When the scheduler tried it last. */
  triedAt: Millis
  /** Since when it has been Pending although a node has room for it. */
  missedSince: Millis | undefined
}

export function estimateOf({ object, workload }: Pod): Pids {
  return Number(object.metadata.annotations[pidsEstimate] ?? workload.pids)
}

/** What the scheduler counts it with. */
export function requestOf({ object }: Pod): Pids {
  return Number(object.spec.containers[0]?.resources.requests[pidsResource] ?? 0)
}

/** What the scheduler has to give away; Infinity where the node offers nothing and its pods ask for nothing. */
export function offeredBy({ object }: Node): Pids {
  return Number(object.status.allocatable[pidsResource] ?? 0)
}

export function hasFinished({ object }: Pod): boolean {
  return object.status.phase === 'Succeeded' || object.status.phase === 'Failed'
}

export function isEnded(pod: Pod): boolean {
  return pod.isGone || pod.object.metadata.deletionTimestamp !== undefined || hasFinished(pod)
}

export function isPending(pod: Pod): boolean {
  return pod.boundAt === undefined && !isEnded(pod)
}

/** The threads it really has: a sandbox soon after it is bound, then more and more, up to its peak. */
export function threadsOf(pod: Pod, at: Millis): Pids {
  if (pod.boundAt === undefined || pod.isGone || (pod.endedAt !== undefined && at >= pod.endedAt)) return 0
  if (pod.runsSince === undefined || at < pod.runsSince) return at >= pod.boundAt + 300 ? 1 : 0
  return Math.round(1 + (pod.peak - 1) * Math.min(1, (at - pod.runsSince) / pod.ramp))
}

export interface Load {
  readonly kubepods: Pids
  readonly host: Pids
}

/** What is in use. */
export function useOf(node: Node, at: Millis): Load {
  return loadOf(node, (pod) => threadsOf(pod, at))
}

/** What is promised: of each pod the larger of estimate and threads, of one that ends its threads. */
export function promisedOn(node: Node, at: Millis): Load {
  return loadOf(node, (pod) => Math.max(threadsOf(pod, at), isEnded(pod) ? 0 : estimateOf(pod)))
}

function loadOf(node: Node, tasksOf: (pod: Pod) => Pids): Load {
  let kubepods = 0
  let live = 0
  for (const pod of node.pods) {
    const tasks = tasksOf(pod)
    kubepods += tasks
    if (tasks > 0) live++
  }
  return { kubepods, host: node.base + kubepods + shimTasks * live }
}

/** By how much a load is beyond a share of the ceilings; 0 or less: it is not. */
export function beyond(node: Node, { kubepods, host }: Load, share: number): Pids {
  return Math.max(kubepods - node.kubepods * share, host - node.host * share)
}

/** PIDs above the floor that are promised to nobody. */
export function freeOn(node: Node, at: Millis): Pids {
  return -beyond(node, promisedOn(node, at), 1 - floorShare)
}

/** All that a node may hold above its floor. */
export function roomOf({ kubepods, host, base }: Node): Pids {
  return Math.min(kubepods * (1 - floorShare), host * (1 - floorShare) - base - mostPods * shimTasks)
}

/** Whether the scheduler may place it there; `pidguard`: by our taint too. */
export function mayLand({ selector }: Workload, { object }: Node, pidguard: boolean): boolean {
  const { metadata, spec } = object
  if (spec.unschedulable) return false
  if (spec.taints.some(({ key }) => pidguard || key !== lowPidsTaint)) return false
  return Object.entries(selector).every(([label, value]) => metadata.labels[label] === value)
}

/** Whether all else that the scheduler looks at has room. */
export function hasOtherRoom({ workload }: Pod, node: Node): boolean {
  return node.usedCpu + workload.cpu <= node.cpu && node.pods.size < mostPods
}
