import type { CeilingName, NodeAccount } from '../headroom/ceiling-account.ts'
import type { Estimate } from '../headroom/estimate.ts'
import { shareOfLower, usedShareOf } from '../headroom/node-ceilings.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { PodFacts, WorkloadName } from '../model/cluster-objects.ts'
import type { Others } from '../model/holder-text.ts'
import type { Ceiling, NodeReading } from '../model/node-reading.ts'
import type { WithoutCeiling } from '../model/nodes-without-ceiling.ts'
import type { Holder, TaskPlaces } from '../model/task-places.ts'
import type { Floor } from '../policy/settings.ts'
import type { ClusterSnapshot } from '../snapshot/snapshot.ts'
import type { Standing } from '../snapshot/snapshot-headroom.ts'
import { holdersAndPlaces } from './node-holders.ts'

/** A snapshot with the same bookkeeping over it that admission uses. */
export interface TopView extends ClusterSnapshot {
  readonly standing: Standing
  readonly floor: Floor
  /** The share of what is in use on a node from which a holder is named. */
  readonly holderShare: number
}

/** One node; undefined: not known. */
export interface NodeRow {
  readonly node: string
  readonly host: Ceiling
  readonly kubepods: Ceiling
  /** The ceiling with the least free. */
  readonly tightest: CeilingName | undefined
  /** Share in use of the ceiling that is closest to its limit, from 0. */
  readonly used: number | undefined
  /** PIDs in use at the tightest ceiling, and the part of its pods' estimates that is not observed yet. */
  readonly committed: Pids | undefined
  /** Tasks the policy keeps free there. */
  readonly floor: Pids | undefined
  /** Tasks that fit above the floor at both ceilings; below 0 when the floor is in use already. */
  readonly free: Pids | undefined
  readonly age: Millis | undefined
  readonly pods: number
  readonly biggest: { readonly namespace: string; readonly name: string; readonly pids: Pids } | undefined
  /** Where its tasks are. */
  readonly places: TaskPlaces
  /** What holds a share worth naming of what is in use at its fuller ceiling, the biggest first; at most three. */
  readonly holders: readonly Holder[]
  /** Workloads with pods there whose tasks are known, and the tasks of the biggest. */
  readonly workloads: Others
  readonly pidPressure: boolean | undefined
  /** Why it has no ceiling, and was not asked; undefined: it has one. */
  readonly withoutCeiling: WithoutCeiling | undefined
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
  /** Tasks it is counted with: the larger of what it uses and its estimate. */
  readonly committed: Pids | undefined
  /** pids.max of the pod itself; undefined: none, or not known. */
  readonly limit: Pids | undefined
  /** Share of the lower ceiling of its node. */
  readonly share: number | undefined
  readonly declared: Pids | undefined
  /** What it is counted with at least, and where that figure comes from. */
  readonly estimate: Estimate | undefined
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
  /** What all its pods count with. */
  readonly committed: Pids | undefined
  readonly declared: Pids | undefined
  readonly nodes: number
}

/** A pod that has ended has no tasks left and reserves none. */
function isAlive({ phase }: PodFacts): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed'
}

/** Fullest first; nodes of which nothing is known come last. */
export function nodeRows({
  nodes,
  pods,
  readings,
  failures,
  takenAt,
  standing,
  floor,
  holderShare
}: TopView): NodeRow[] {
  const podsByNode = Map.groupBy(pods, ({ node }) => node)
  const accounts = new Map([...standing.headroom.accounts(floor)].map((account) => [account.node, account]))
  return nodes
    .map(({ name, pidPressure }) => {
      const reading = readings.get(name)
      const all = podsByNode.get(name) ?? []
      const held = all.filter(isAlive)
      const failure = failures.get(name)
      return {
        node: name,
        ...ceilingsOf(reading),
        ...roomOf(accounts.get(name), standing.ledger.node(name)?.isWhole === true),
        biggest: biggestOf(held, reading),
        age: reading === undefined ? undefined : Math.max(0, takenAt - reading.at),
        pods: held.length,
        ...holdersAndPlaces(reading, all, holderShare),
        pidPressure,
        withoutCeiling: reading?.withoutCeiling,
        missing: [...(failure === undefined ? [] : [failure]), ...(reading?.gaps ?? [])].map(
          ({ reason, detail }) => `${reason}: ${detail}`
        )
      }
    })
    .sort((a, b) => descending(a.used, b.used) || a.node.localeCompare(b.node))
}

function ceilingsOf({ host, kubepods }: Pick<NodeReading, 'host' | 'kubepods'> = { host: unknown, kubepods: unknown }) {
  const shares = [host, kubepods].map(usedShareOf).filter((share) => share !== undefined)
  return { host, kubepods, used: shares.length === 0 ? undefined : Math.max(...shares) }
}

const unknown: Ceiling = { limit: undefined, inUse: undefined }

/** By the tightest ceiling. What is free is known only where both ceilings are: one alone says nothing about the other. */
function roomOf(account: NodeAccount | undefined, isWhole: boolean) {
  const tightest = account?.ceilings[0]
  return {
    tightest: tightest?.ceiling,
    committed: tightest?.committed,
    floor: tightest?.floor,
    free: isWhole ? (tightest?.free ?? Number.POSITIVE_INFINITY) : undefined
  }
}

function biggestOf(pods: readonly PodFacts[], reading: NodeReading | undefined): NodeRow['biggest'] {
  let biggest: NodeRow['biggest']
  for (const { uid, cgroup = uid, namespace, name } of pods) {
    const pids = reading?.pods?.get(cgroup) ?? 0
    if (pids > (biggest?.pids ?? 0)) biggest = { namespace, name, pids }
  }
  return biggest
}

/** Most tasks first; pods of which nothing is known come last. */
export function podRows({ pods, readings, takenAt, standing }: TopView): PodRow[] {
  return pods
    .filter(isAlive)
    .map((pod) => {
      const reading = pod.node === undefined ? undefined : readings.get(pod.node)
      const entry = standing.ledger.pod(pod.uid)
      const cgroup = pod.cgroup ?? pod.uid
      const pids = reading?.pods?.get(cgroup)
      return {
        namespace: pod.namespace,
        pod: pod.name,
        workload: pod.workload,
        node: pod.node,
        // As kubectl shows it; the phase stays what it was.
        phase: pod.deleting ? 'Terminating' : pod.phase,
        pids,
        committed: entry === undefined ? undefined : entry.observed + entry.pending,
        limit: reading?.podLimits?.get(cgroup),
        share: pids === undefined ? undefined : shareOfLower(pids, reading),
        declared: pod.declared,
        estimate: standing.ledger.explain(pod),
        // Of a pod without a figure there is no age either.
        age: reading === undefined || pids === undefined ? undefined : Math.max(0, takenAt - reading.at)
      }
    })
    .sort(byPids)
}

/** The workload of a pod that the API server does not know. */
const noSuchPod: WorkloadName = { kind: '-', name: '-' }

/** Pods that run on a node and that the API server does not know: a leftover cgroup with tasks in it. */
export function unknownPodRows({ pods, readings, takenAt }: TopView): PodRow[] {
  const known = new Set(pods.map(({ uid, cgroup = uid }) => cgroup))
  return [...readings.values()].flatMap((reading) =>
    [...(reading.pods ?? [])]
      .filter(([cgroup, pids]) => pids > 0 && !known.has(cgroup))
      .map(([cgroup, pids]) => ({
        namespace: '-',
        pod: `(no such pod) ${cgroup}`,
        workload: noSuchPod,
        node: reading.node,
        phase: 'Unknown',
        pids,
        committed: undefined,
        limit: reading.podLimits?.get(cgroup),
        share: shareOfLower(pids, reading),
        declared: undefined,
        estimate: undefined,
        age: Math.max(0, takenAt - reading.at)
      }))
  )
}

/** Most tasks first; pods of which nothing is known come last. */
export function byPids(a: PodRow, b: PodRow): number {
  return descending(a.pids, b.pids) || `${a.namespace}/${a.pod}`.localeCompare(`${b.namespace}/${b.pod}`)
}

/** Most tasks first, over all pods of the workload. */
export function workloadRows(view: TopView): WorkloadRow[] {
  const groups = Map.groupBy(podRows(view), ({ namespace, workload: { kind, name } }) => `${namespace}/${kind}/${name}`)
  return [...groups.values()]
    .map((pods) => {
      const known = pods.map(({ pids }) => pids).filter((pids) => pids !== undefined)
      const committed = pods.map((pod) => pod.committed).filter((pids) => pids !== undefined)
      const [first] = pods
      return {
        namespace: first?.namespace ?? '',
        workload: first?.workload ?? { kind: '', name: '' },
        pods: pods.length,
        read: known.length,
        pids: known.length === 0 ? undefined : known.reduce((sum, pids) => sum + pids, 0),
        peak: known.length === 0 ? undefined : Math.max(...known),
        committed: committed.length < pods.length ? undefined : committed.reduce((sum, pids) => sum + pids, 0),
        declared: first?.declared,
        nodes: new Set(pods.map(({ node }) => node).filter((node) => node !== undefined)).size
      }
    })
    .sort((a, b) => descending(a.pids, b.pids) || a.workload.name.localeCompare(b.workload.name))
}

function descending(a: number | undefined, b: number | undefined): number {
  return (b ?? -1) - (a ?? -1)
}
