import { ceilingAccounts, isWhole } from '../../headroom/ceiling-account.ts'
import { usedShareOf } from '../../headroom/node-ceilings.ts'
import { compareTexts } from '../../lib/compare-text.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { NodeFacts, PodFacts, WorkloadName } from '../../model/cluster-objects.ts'
import type { Ceiling, NodeReading, ReadingFailure } from '../../model/node-reading.ts'
import type { Floor } from '../../policy/settings.ts'
import type { AuditCeiling, AuditNode, AuditPod, AuditWorkload, Limit } from '../../report/audit/audit-fleet.ts'

/** What the policy says of pods and room. */
export interface FleetPolicy {
  estimateOf(pod: PodFacts): Pids
  readonly floor: Floor
}

/** What the pods of one node come to. */
interface NodeSum {
  pods: number
  /** What pods have not shown of their estimates, and what they have. */
  pending: Pids
  seen: Pids
  biggest: AuditNode['biggest']
}

interface WorkloadSum {
  readonly namespace: string
  readonly workload: WorkloadName
  pods: number
  read: number
  pids: Pids
  peak: Pids
  /** Its pods that are read, by their nodes; 0 where none is. */
  readonly nodes: Map<string, Share>
}

interface Share {
  pids: Pids
  pods: number
}

/** What is known of a node, but for how its kubelet is configured. */
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

  constructor(readings: ReadonlyMap<string, NodeReading>, takenAt: Millis, policy: FleetPolicy) {
    this.#readings = readings
    this.#takenAt = takenAt
    this.#policy = policy
  }

  /** Counts a pod that has not ended; gives it back where its tasks are known. */
  add(pod: PodFacts): AuditPod | undefined {
    const { namespace, name, workload, node, cgroup = pod.uid } = pod
    const reading = node === undefined ? undefined : this.#readings.get(node)
    const pids = reading?.pods?.get(cgroup)
    this.#addToNode(pod, pids)
    this.#addToWorkload(pod, pids)
    if (pids === undefined || node === undefined) return undefined
    const limit = reading?.podLimits?.get(cgroup) ?? null
    return { namespace, name, workload, node, pids, share: shareOf(pids, reading), limit }
  }

  /** Fullest first; nodes of which nothing is known come last. */
  nodes(nodes: Iterable<NodeFacts>, failures: ReadonlyMap<string, ReadingFailure>): NodeFigures[] {
    const workloads = this.#biggestWorkloads()
    return [...nodes]
      .map(({ name, pidPressure }) => {
        const reading = this.#readings.get(name)
        const sum = this.#nodes.get(name) ?? noPods
        const failure = failures.get(name)
        return {
          node: name,
          ...figuresOf(reading ?? nothingRead, sum, this.#policy.floor),
          age: reading === undefined ? null : Math.max(0, this.#takenAt - reading.at),
          pods: sum.pods,
          biggest: sum.biggest,
          biggestWorkload: workloads.get(name) ?? null,
          pidPressure: pidPressure ?? null,
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
      .map(({ namespace, workload, pods, read, pids, peak, nodes }) => {
        return { namespace, ...workload, pids, peak, pods, read, nodes: nodes.size }
      })
      .sort(byPids)
  }

  /** Of each node the workload whose pods there hold the most together. */
  #biggestWorkloads(): Map<string, BiggestWorkload> {
    const biggest = new Map<string, BiggestWorkload>()
    for (const { namespace, workload, nodes } of this.#workloads.values()) {
      for (const [node, { pids, pods }] of nodes) {
        const held = biggest.get(node)
        const one = { namespace, kind: workload.kind, name: workload.name, pids, pods }
        if (pods > 0 && (held === undefined || byPids(one, held) < 0)) biggest.set(node, one)
      }
    }
    return biggest
  }

  #addToNode(pod: PodFacts, pids: Pids | undefined): void {
    const { node, namespace, name } = pod
    if (node === undefined) return
    const sum = this.#nodes.get(node) ?? { ...noPods }
    this.#nodes.set(node, sum)
    sum.pods++
    // A pod on its way out needs no more than it has.
    if (!pod.deleting) {
      sum.pending += Math.max(0, this.#policy.estimateOf(pod) - (pids ?? 0))
      sum.seen += pids ?? 0
    }
    if (pids !== undefined && pids > (sum.biggest?.pids ?? 0)) sum.biggest = { namespace, name, pids }
  }

  #addToWorkload({ namespace, workload, node }: PodFacts, pids: Pids | undefined): void {
    const key = `${namespace}/${workload.kind}/${workload.name}`
    let sum = this.#workloads.get(key)
    if (sum === undefined) {
      sum = { namespace, workload, pods: 0, read: 0, pids: 0, peak: 0, nodes: new Map() }
      this.#workloads.set(key, sum)
    }
    sum.pods++
    const there = node === undefined ? undefined : (sum.nodes.get(node) ?? { pids: 0, pods: 0 })
    if (node !== undefined && there !== undefined) sum.nodes.set(node, there)
    if (pids === undefined) return
    if (there !== undefined) {
      there.pids += pids
      there.pods++
    }
    sum.read++
    sum.pids += pids
    sum.peak = Math.max(sum.peak, pids)
  }
}

type BiggestWorkload = NonNullable<AuditNode['biggestWorkload']>

/** The one with the most tasks first. */
function byPids(a: Omit<BiggestWorkload, 'pods'>, b: Omit<BiggestWorkload, 'pods'>): number {
  return (
    b.pids - a.pids ||
    compareTexts(a.namespace, b.namespace) ||
    compareTexts(a.name, b.name) ||
    compareTexts(a.kind, b.kind)
  )
}

const noPods: NodeSum = { pods: 0, pending: 0, seen: 0, biggest: null }
const nothingRead: Pick<NodeReading, 'host' | 'kubepods'> = {
  host: { limit: undefined, inUse: undefined },
  kubepods: { limit: undefined, inUse: undefined }
}

/** Of the lower ceiling; null where that is not known, or there is none. */
function shareOf(pids: Pids, reading: NodeReading | undefined): number | null {
  const [host, kubepods] = [reading?.host.limit, reading?.kubepods.limit]
  if (host === undefined || kubepods === undefined) return null
  const ceiling = Math.min(host, kubepods)
  return Number.isFinite(ceiling) && ceiling > 0 ? pids / ceiling : null
}

function figuresOf(
  { host, kubepods }: Pick<NodeReading, 'host' | 'kubepods'>,
  { pending, seen }: NodeSum,
  floor: Floor
) {
  const [tightest] = ceilingAccounts({ host, kubepods, pending, seen }, floor)
  const shares = [host, kubepods].map(usedShareOf).filter((share) => share !== undefined)
  return {
    host: ceilingOf(host),
    kubepods: ceilingOf(kubepods),
    tightest: tightest?.ceiling ?? null,
    used: shares.length === 0 ? null : Math.max(...shares),
    committed: tightest?.committed ?? null,
    floor: tightest?.floor ?? null,
    // One ceiling alone says nothing about the other.
    free: isWhole({ host, kubepods }) ? (tightest?.free ?? ('unlimited' as const)) : null
  }
}

function ceilingOf({ limit, inUse }: Ceiling): AuditCeiling {
  return { limit: limitOf(limit), inUse: inUse ?? null }
}

/** JSON has no Infinity. */
function limitOf(limit: Pids | undefined): Limit {
  return limit === Number.POSITIVE_INFINITY ? 'unlimited' : (limit ?? null)
}
