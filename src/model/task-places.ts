import { compareTexts } from '../lib/compare-text.ts'
import type { Pids } from '../lib/units.ts'
import type { NodeReading } from './node-reading.ts'

/** A pod cgroup that no Pod of the API server has: its Pod is gone and its tasks are not. */
export interface UnknownPod {
  /** The uid in the name of the cgroup. */
  readonly cgroup: string
  readonly pids: Pids
}

/** Where the tasks of one node are. The parts add up to what is in use, ± what changed between two samples. */
export interface TaskPlaces {
  /** In pods that the API server knows; undefined: not known. */
  readonly pods: Pids | undefined
  /** The most tasks first; undefined: not known. */
  readonly unknownPods: readonly UnknownPod[] | undefined
  /** Under kubepods, but in no pod of it; undefined: not known. */
  readonly unexplained: Pids | undefined
  /** Outside of all pods: kubelet, container runtime, kernel threads, VMs; undefined: not known. */
  readonly outside: Pids | undefined
}

/**
 * Splits what is in use on a node. `unclaimed`: the pods of the reading without a Pod at the API server; undefined: not
 * known.
 */
export function placesOf(
  reading: Pick<NodeReading, 'host' | 'kubepods' | 'pods'> | undefined,
  unclaimed: ReadonlyMap<string, Pids> | undefined
): TaskPlaces {
  const { host, kubepods, pods } = reading ?? {}
  const inPods = pods === undefined ? undefined : sumOf(pods.values())
  const unknownPods = unclaimed === undefined || inPods === undefined ? undefined : biggestFirst(unclaimed)
  return {
    pods:
      inPods === undefined || unknownPods === undefined ? undefined : inPods - sumOf(unknownPods.map((p) => p.pids)),
    unknownPods,
    unexplained:
      kubepods?.inUse === undefined || inPods === undefined ? undefined : Math.max(0, kubepods.inUse - inPods),
    outside: outsideOf(host?.inUse, kubepods?.inUse)
  }
}

/**
 * PIDs in use outside of pods; undefined where none would be left: a running node has kernel threads at least, so then a
 * figure is wrong or late.
 */
export function outsideOf(host: Pids | undefined, kubepods: Pids | undefined): Pids | undefined {
  return host === undefined || kubepods === undefined || host <= kubepods ? undefined : host - kubepods
}

function biggestFirst(unclaimed: ReadonlyMap<string, Pids>): UnknownPod[] {
  return [...unclaimed]
    .filter(([, pids]) => pids > 0)
    .map(([cgroup, pids]) => ({ cgroup, pids }))
    .sort((a, b) => b.pids - a.pids || compareTexts(a.cgroup, b.cgroup))
}

function sumOf(counts: Iterable<Pids>): Pids {
  let sum = 0
  for (const count of counts) sum += count
  return sum
}

/** A workload by what its pods hold on one node. */
export interface WorkloadShare {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly pids: Pids
  readonly pods: number
  /** Of these, pods that are being deleted and still hold tasks. */
  readonly terminating: number
}

/** A place that holds so much of a node that it is worth naming. */
export type Holder =
  | ({ readonly place: 'workload' } & WorkloadShare)
  | ({ readonly place: 'unknown-pod' } & UnknownPod)
  /** Several, of which none is worth naming by itself. */
  | { readonly place: 'unknown-pods'; readonly pids: Pids; readonly pods: number }
  | { readonly place: 'unexplained' | 'outside'; readonly pids: Pids }

/** What the workloads of one namespace hold on one node together. */
export interface NamespaceShare {
  readonly namespace: string
  readonly pids: Pids
  readonly workloads: number
}

/** From this share of what is in use on, a namespace is named where none of its workloads is. Own choice. */
const namespaceWorthNaming = 0.5

/**
 * The namespace whose workloads, each of them small, hold most of what is in use; undefined: a holder is named, or no namespace
 * holds that much.
 */
export function biggestNamespace(
  holders: readonly Holder[],
  workloads: Iterable<WorkloadShare>,
  inUse: Pids | undefined
): NamespaceShare | undefined {
  if (holders.length > 0) return undefined
  const sums = new Map<string, { pids: Pids; workloads: number }>()
  for (const { namespace, pids } of workloads) {
    const held = sums.get(namespace) ?? { pids: 0, workloads: 0 }
    sums.set(namespace, { pids: held.pids + pids, workloads: held.workloads + 1 })
  }
  const [biggest] = [...sums].toSorted(([a, one], [b, two]) => two.pids - one.pids || compareTexts(a, b))
  if (biggest === undefined || inUse === undefined) return undefined
  const [namespace, sum] = biggest
  return sum.workloads > 1 && sum.pids >= inUse * namespaceWorthNaming ? { namespace, ...sum } : undefined
}

/** Holders named together. */
const mostHolders = 3

/**
 * The places that hold a share worth naming of what is in use under a ceiling, the biggest first. `workloads` are those
 * of the node, in any order; `worthNaming` is the policy's `audit.holderShare`. Where the use of the
 * ceiling is unknown, the sum of the known places stands in for it.
 */
export function holdersOf(
  ceiling: 'node' | 'kubepods',
  inUse: Pids | undefined,
  places: TaskPlaces,
  workloads: Iterable<WorkloadShare>,
  worthNaming: number
): Holder[] {
  const all: Holder[] = [...workloads].map((workload) => ({ place: 'workload', ...workload }))
  if (places.unexplained !== undefined) all.push({ place: 'unexplained', pids: places.unexplained })
  // What is outside of pods does not count under kubepods.
  if (ceiling === 'node' && places.outside !== undefined) all.push({ place: 'outside', pids: places.outside })
  const unknownPods = places.unknownPods ?? []
  const whole = inUse ?? sumOf(all.map(({ pids }) => pids)) + sumOf(unknownPods.map(({ pids }) => pids))
  const isLarge = ({ pids }: UnknownPod): boolean => pids >= whole * worthNaming
  for (const pod of unknownPods.filter(isLarge)) all.push({ place: 'unknown-pod', ...pod })
  const small = unknownPods.filter((pod) => !isLarge(pod))
  const together = { pids: sumOf(small.map(({ pids }) => pids)), pods: small.length }
  if (small.length > 1) all.push({ place: 'unknown-pods', ...together })
  return all
    .filter(({ pids }) => pids > 0 && pids >= whole * worthNaming)
    .sort((a, b) => b.pids - a.pids || compareTexts(keyOf(a), keyOf(b)))
    .slice(0, mostHolders)
}

function keyOf(holder: Holder): string {
  switch (holder.place) {
    case 'workload':
      return `${holder.namespace}/${holder.name} ${holder.kind}`
    case 'unknown-pod':
      return holder.cgroup
    default:
      return holder.place
  }
}
