import type { Pids } from '../../src/lib/units.ts'
import { type Cluster, livePods } from './cluster.ts'
import { wantedPods } from './controllers.ts'
import {
  beyond,
  estimateOf,
  freeOn,
  hasOtherRoom,
  isEnded,
  isPending,
  mayLand,
  type Node,
  type Pod,
  promisedOn,
  threadsOf,
  useOf,
  type Workload
} from './truth.ts'

/** Looks at the whole truth once a second. */
export function count(cluster: Cluster): void {
  const { queue, figures, nodes } = cluster
  const isWell = new Set<Node>()
  for (const node of nodes.values()) {
    figures.nodeSeconds++
    if (beyond(node, promisedOn(node, queue.now), 1) > 0) figures.promisedBeyond++
    if (beyond(node, useOf(node, queue.now), 1) > 0) figures.usedBeyond++
    else isWell.add(node)
  }
  for (const workload of cluster.workloads) {
    if (!workload.isApplied || workload.isDeleted) continue
    const wanted = wantedPods(workload)
    const well = livePods(workload).filter(({ node, runsSince }) => runsSince !== undefined && node && isWell.has(node))
    figures.wantedPodSeconds += wanted
    figures.wellPodSeconds += Math.min(wanted, well.length)
  }
  countMissed(cluster)
}

/** How long pods have been Pending although a node has room for them, in PIDs and in all else. */
function countMissed({ pods, nodes, queue, figures }: Cluster): void {
  const free = new Map([...nodes.values()].map((node) => [node, freeOn(node, queue.now)]))
  for (const pod of pods) {
    const isLate = isPending(pod) && queue.now - pod.createdAt > 2_000
    const hasRoom =
      isLate &&
      [...free].some(([node, pids]) => {
        return pids >= estimateOf(pod) && mayLand(pod.workload, node, false) && hasOtherRoom(pod, node)
      })
    if (hasRoom) {
      pod.missedSince ??= queue.now
      figures.longestMissed = Math.max(figures.longestMissed, queue.now - pod.missedSince)
    } else pod.missedSince = undefined
  }
}

/** Whether it needs nothing but PIDs: somewhere there is all else that the scheduler looks at. */
function mayYetLand({ nodes }: Cluster, pod: Pod): boolean {
  return [...nodes.values()].some((node) => mayLand(pod.workload, node, false) && hasOtherRoom(pod, node))
}

/**
 * Whether somebody who knows everything could place the pod and all that are Pending at once, but for those that the scheduler
 * calls unschedulable: the new one on each node that takes it, the others largest first, each where it leaves the least.
 */
export function isFalseDenial(
  cluster: Cluster,
  workload: Workload,
  freeOf = (node: Node) => freeOn(node, cluster.queue.now)
): boolean {
  const { nodes, pods, admitted } = cluster
  const pending = [...pods].filter((pod) => isPending(pod) && mayYetLand(cluster, pod))
  const others = [...admitted, ...pending.map((pod) => ({ workload: pod.workload, pids: estimateOf(pod) }))]
  others.sort((a, b) => b.pids - a.pids)
  const free = new Map([...nodes.values()].map((node) => [node, freeOf(node)]))
  return [...nodes.values()].some((first) => {
    if (!mayLand(workload, first, false) || (free.get(first) ?? 0) < workload.pids) return false
    const left = new Map(free).set(first, (free.get(first) ?? 0) - workload.pids)
    return others.every((other) => {
      let best: Node | undefined
      for (const [node, room] of left) {
        if (room < other.pids || !mayLand(other.workload, node, false)) continue
        if (best === undefined || room < (left.get(best) ?? 0)) best = node
      }
      if (best !== undefined) left.set(best, (left.get(best) ?? 0) - other.pids)
      return best !== undefined
    })
  })
}

/**
 * What is free by what the API server has shown to the one writer: a pod that was told to end, or has ended, holds what it held until
 * the writer's watch says so. A kubelet tells the API server some tenths of a second after the last thread has gone.
 */
export function freeAsShown({ queue: { now }, writer, everyPod }: Cluster, node: Node): Pids {
  let held = 0
  for (const { uid, state, hasFinished } of writer.ledger.node(node.object.metadata.name)?.pods ?? []) {
    const pod = everyPod.get(uid)
    if (pod === undefined || !isEnded(pod) || hasFinished) continue
    const { endedAt } = pod
    const threads = threadsOf({ ...pod, isGone: false, endedAt: undefined }, endedAt ?? now)
    const shown = state === 'ended' ? threads : Math.max(threads, estimateOf(pod))
    held += Math.max(0, shown - (node.pods.has(pod) ? threadsOf(pod, now) : 0))
  }
  return freeOn(node, now) - held
}
