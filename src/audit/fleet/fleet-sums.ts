import { mustHaveFigure } from '../../headroom/ceiling-account.ts'
import { boundedBy, type Estimate, figureOf } from '../../headroom/estimate.ts'
import { Workloads } from '../../headroom/ledger/peaks/workload-peaks.ts'
import { shareOfLower } from '../../headroom/node-ceilings.ts'
import type { RuntimeSign } from '../../kubernetes/pods/told-runtime.ts'
import { compareTexts } from '../../lib/compare-text.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { NodeFacts, PodFacts, WorkloadName } from '../../model/cluster-objects.ts'
import type { NodeReading, ReadingFailure } from '../../model/node-reading.ts'
import type { WorkloadShare } from '../../model/task-places.ts'
import type { Floor } from '../../policy/settings.ts'
import type { AuditNode, AuditPod, AuditWorkload } from '../../report/audit/audit-fleet.ts'
import { biggestOf, byPids } from './biggest-workload.ts'
import { holdersAndPlaces, roomOf } from './node-figures.ts'

/** What the policy says of pods and room. */
export interface FleetPolicy {
  /** The estimate of a pod of the namespace of which nothing else is known. */
  defaultEstimate(namespace: string): Pids
  readonly floor: Floor
  /** The share of what is in use on a node from which a holder is named. */
  readonly holderShare: number
}

/** What the pods of one node come to. */
interface NodeSum {
  pods: number
  /** `pending`: the part of the pods' estimates that is not observed yet. `seen`: the tasks that are. */
  pending: Pids
  seen: Pids
  /** See `ReadPods`. */
  ended: Pids
  lacksFigures: boolean
  biggest: AuditNode['biggest']
  /** Its pods without a figure of their own: what they are counted with is known when all pods have been added. */
  readonly unfigured: { readonly pod: Unfigured; readonly pids: Pids; readonly limit: Pids | undefined }[]
  /** Pods of the reading for which no Pod was added yet; undefined before the first pod, or without a reading. */
  unclaimed: Map<string, Pids> | undefined
}

/** What decides the estimate of a pod without a figure of its own. */
type Unfigured = Pick<PodFacts, 'namespace' | 'workload' | 'template'>

interface WorkloadSum {
  readonly namespace: string
  readonly workload: WorkloadName
  pods: number
  read: number
  pids: Pids
  peak: Pids
  /** Its pods that are read, by their nodes; 0 where none is. */
  readonly nodes: Map<string, Share>
  readonly runtime: RuntimeSign | undefined
}

interface Share {
  pids: Pids
  pods: number
  terminating: number
}

/** A pod and the tasks it holds. */
export type HeldPod = Omit<AuditPod, 'estimate' | 'estimateFrom'>

/** All that is known of a node, except how its kubelet is configured. */
export type NodeFigures = Omit<AuditNode, 'kubelet'>

/**
 * Adds up a fleet pod by pod, by the arithmetic of admission: what it holds grows with nodes and workloads, not with
 * pods.
 */
export class FleetSums {
  readonly #readings: ReadonlyMap<string, NodeReading>
  readonly #takenAt: Millis
  readonly #policy: FleetPolicy
  readonly #nodes = new Map<string, NodeSum>()
  readonly #workloads = new Map<string, WorkloadSum>()
  readonly #peaks = new Workloads()

  constructor(readings: ReadonlyMap<string, NodeReading>, takenAt: Millis, policy: FleetPolicy) {
    this.#readings = readings
    this.#takenAt = takenAt
    this.#policy = policy
  }

  /** Counts a pod that has not ended; gives it back where its tasks are known. `tells` is asked once for each workload. */
  add(pod: PodFacts, tells: () => RuntimeSign | undefined = () => undefined): HeldPod | undefined {
    const { namespace, name, workload, node, cgroup = pod.uid } = pod
    const reading = node === undefined ? undefined : this.#readings.get(node)
    const pids = reading?.pods?.get(cgroup)
    this.#claim(pod)
    this.#addToNode(pod, pids)
    this.#addToWorkload(pod, pids, tells)
    if (pids === undefined || node === undefined) return undefined
    const limit = reading?.podLimits?.get(cgroup) ?? null
    return { namespace, name, workload, node, pids, share: shareOfLower(pids, reading) ?? null, limit }
  }

  /** A pod that has ended: it needs nothing, and the tasks that an older reading shows for it are free, as in admission. */
  addEnded(pod: PodFacts): void {
    const { node, uid, cgroup = uid } = pod
    this.#claim(pod)
    if (node !== undefined) this.#sumOf(node).ended += this.#readings.get(node)?.pods?.get(cgroup) ?? 0
  }

  /**
   * Fullest first; nodes of which nothing is known come last. `knowsPods`: all pods of the cluster have been added, so
   * that a pod cgroup without a Pod is one that the API server does not know.
   */
  nodes(nodes: Iterable<NodeFacts>, failures: ReadonlyMap<string, ReadingFailure>, knowsPods: boolean): NodeFigures[] {
    const workloads = this.#workloadsByNode()
    return [...nodes]
      .map(({ name, pidPressure }) => {
        const reading = this.#readings.get(name)
        const sum = this.#nodes.get(name) ?? emptySum()
        const failure = failures.get(name)
        const there = workloads.get(name) ?? []
        const unclaimed = knowsPods ? (sum.unclaimed ?? reading?.pods) : undefined
        return {
          node: name,
          ...roomOf(reading, { ...sum, pending: sum.pending + this.#pendingOf(sum) }, this.#policy.floor),
          age: reading === undefined ? null : Math.max(0, this.#takenAt - reading.at),
          pods: sum.pods,
          biggest: sum.biggest,
          biggestWorkload: biggestOf(there),
          ...holdersAndPlaces(reading, unclaimed, there, this.#policy.holderShare),
          pidPressure: pidPressure ?? null,
          withoutCeiling: reading?.withoutCeiling ?? null,
          missing: [...(failure === undefined ? [] : [failure]), ...(reading?.gaps ?? [])].map(
            ({ reason, detail }) => `${reason}: ${detail}`
          )
        }
      })
      .sort((a, b) => (b.used ?? -1) - (a.used ?? -1) || compareTexts(a.node, b.node))
  }

  /** Most tasks first; those of which none are known are left out. */
  workloads(): AuditWorkload[] {
    return [...this.#workloads.values()]
      .filter(({ read }) => read > 0)
      .map(({ namespace, workload, pods, read, pids, peak, nodes, runtime }) => {
        const sums = { namespace, ...workload, pids, peak, pods, read, nodes: nodes.size }
        return runtime === undefined ? sums : { ...sums, runtime }
      })
      .sort(byPids)
  }

  /** Of each node the workloads with pods there whose tasks are known. */
  #workloadsByNode(): Map<string, WorkloadShare[]> {
    const shares = new Map<string, WorkloadShare[]>()
    for (const { namespace, workload, nodes } of this.#workloads.values()) {
      for (const [node, { pids, pods, terminating }] of nodes) {
        if (pods === 0) continue
        const held = shares.get(node) ?? []
        shares.set(node, held)
        held.push({ namespace, kind: workload.kind, name: workload.name, pids, pods, terminating })
      }
    }
    return shares
  }

  /** What the pod is counted with, and where that comes from; complete once all pods have been added. */
  estimateOf(pod: PodFacts): Estimate {
    return boundedBy(figureOf(pod) ?? this.#expectedOf(pod), this.#limitOf(pod))
  }

  /** What its node has set; undefined: nothing, or it is not known. */
  #limitOf({ node, uid, cgroup = uid }: PodFacts): Pids | undefined {
    return node === undefined ? undefined : this.#readings.get(node)?.podLimits?.get(cgroup)
  }

  #expectedOf({ namespace, workload, template }: Unfigured): Estimate {
    const assumed = { pids: this.#policy.defaultEstimate(namespace), source: 'default' } as const
    return this.#peaks.get(namespace, workload)?.expected(template, assumed, this.#takenAt) ?? assumed
  }

  #pendingOf({ unfigured }: NodeSum): Pids {
    return unfigured.reduce(
      (sum, { pod, pids, limit }) => sum + Math.max(0, boundedBy(this.#expectedOf(pod), limit).pids - pids),
      0
    )
  }

  #claim({ node, uid, cgroup = uid }: PodFacts): void {
    const pods = node === undefined ? undefined : this.#readings.get(node)?.pods
    if (node === undefined || pods === undefined) return
    const sum = this.#sumOf(node)
    sum.unclaimed ??= new Map(pods)
    sum.unclaimed.delete(cgroup)
  }

  #sumOf(node: string): NodeSum {
    const held = this.#nodes.get(node)
    if (held !== undefined) return held
    const made = emptySum()
    this.#nodes.set(node, made)
    return made
  }

  #addToNode(pod: PodFacts, pids: Pids | undefined): void {
    const { node, namespace, name } = pod
    if (node === undefined) return
    const sum = this.#sumOf(node)
    sum.pods++
    // A pod on its way out needs no more than it has.
    if (!pod.deleting) {
      const figure = figureOf(pod)
      const limit = this.#limitOf(pod)
      if (figure === undefined) sum.unfigured.push({ pod, pids: pids ?? 0, limit })
      else sum.pending += Math.max(0, boundedBy(figure, limit).pids - (pids ?? 0))
      sum.seen += pids ?? 0
      const at = this.#readings.get(node)?.at
      if (pids === undefined && at !== undefined && mustHaveFigure(pod, at)) sum.lacksFigures = true
      if (pids !== undefined) this.#peaks.join(namespace, pod.workload)?.observe(pod, pids, this.#takenAt)
    }
    if (pids !== undefined && pids > (sum.biggest?.pids ?? 0)) sum.biggest = { namespace, name, pids }
  }

  #addToWorkload(
    { namespace, workload, node, deleting }: PodFacts,
    pids: Pids | undefined,
    tells: () => RuntimeSign | undefined
  ): void {
    const key = `${namespace}/${workload.kind}/${workload.name}`
    let sum = this.#workloads.get(key)
    if (sum === undefined) {
      sum = { namespace, workload, pods: 0, read: 0, pids: 0, peak: 0, nodes: new Map(), runtime: tells() }
      this.#workloads.set(key, sum)
    }
    sum.pods++
    const there = node === undefined ? undefined : (sum.nodes.get(node) ?? { pids: 0, pods: 0, terminating: 0 })
    if (node !== undefined && there !== undefined) sum.nodes.set(node, there)
    if (pids === undefined) return
    if (there !== undefined) {
      there.pids += pids
      there.pods++
      if (deleting) there.terminating++
    }
    sum.read++
    sum.pids += pids
    sum.peak = Math.max(sum.peak, pids)
  }
}

function emptySum(): NodeSum {
  const counts = { pods: 0, pending: 0, seen: 0, ended: 0 }
  return { ...counts, lacksFigures: false, biggest: null, unfigured: [], unclaimed: undefined }
}
