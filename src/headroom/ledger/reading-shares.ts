import type { Millis, Pids } from '../../lib/units.ts'
import type { Ceiling } from '../../model/node-reading.ts'
import type { NodeEntry, PodEntry } from './entries.ts'
import type { LedgerReading } from './ledger-inputs.ts'
import { reobserve } from './sums.ts'

/*
 * Which tasks of a node's reading belong to which pod of the ledger. Tasks of pods that are not on the ledger are kept in
 * `unclaimed`: a pod that the API server shows after the reading takes its tasks from there.
 */

/**
 * Gives each pod of the node the tasks the reading shows for it; 0 for a pod the reading does not have. Returns the sum of
 * what single pods hold more than in the reading before. `isPod`: whether the uid is a pod's on the ledger.
 */
export function shareReading(
  node: NodeEntry,
  pods: ReadonlyMap<string, Pids>,
  at: Millis,
  isPod: (uid: string) => boolean
): Pids {
  let found = 0
  let growth = 0
  for (const pod of node.pods) {
    const observed = observedOf(pod, pods, isPod)
    if (observed !== undefined) {
      found++
      if (pod.state === 'bound') pod.workload?.observe(pod, observed, at)
      if (observed > pod.observed) growth += observed - pod.observed
      if (observed >= pod.observed * growing) pod.grewAt = at
    }
    reobserve(pod, observed ?? 0)
  }
  const before = node.unclaimed
  node.unclaimed = found === pods.size ? undefined : unclaimedOf(node, pods)
  if (node.unclaimed === undefined) return growth
  for (const [uid, pids] of node.unclaimed) growth += Math.max(0, pids - (before?.get(uid) ?? 0))
  return growth
}

/** What one sample is to the one before where a pod still grows; those of a pod at rest swing by less. Own choice. */
const growing = 1.1

/**
 * By how much a pod's own sample may be older than that of kubepods, by which a reading is dated: cAdvisor samples each cgroup for
 * itself, every 10 to 15 s.
 */
export const sampleLag: Millis = 15_000

/** Whether it may hold more than its last sample shows: two readings may show one sample, so one of them says nothing of growth. */
export function mayGrow({ hasStarted, grewAt, node }: PodEntry): boolean {
  return hasStarted && node !== undefined && node.readingAt - grewAt < sampleLag
}

/** undefined for a pod that names another pod's cgroup as its own: those tasks are the other pod's. */
function observedOf(
  { uid, cgroup }: PodEntry,
  pods: ReadonlyMap<string, Pids>,
  isPod: (uid: string) => boolean
): Pids | undefined {
  return cgroup !== uid && isPod(cgroup) ? undefined : pods.get(cgroup)
}

/**
 * Cgroups of pods that a node's reading may name and the API server does not show there: pods that start between two readings, and
 * what is left of some. Own choice: four times what any node may hold. A node cannot fill our memory with names of its own making.
 */
export const mostUnclaimed = 2_000

function unclaimedOf(node: NodeEntry, pods: ReadonlyMap<string, Pids>): Map<string, Pids> {
  const own = new Set(node.pods.map(({ cgroup }) => cgroup))
  const unclaimed = new Map<string, Pids>()
  for (const [uid, pids] of pods) {
    if (unclaimed.size >= mostUnclaimed) break
    if (!own.has(uid)) unclaimed.set(uid, pids)
  }
  return unclaimed
}

/** The pod comes to its node: it takes the tasks that the node's last reading shows for it. */
export function claim(pod: PodEntry): void {
  const { unclaimed } = pod.node ?? {}
  pod.observed = unclaimed?.get(pod.cgroup) ?? 0
  unclaimed?.delete(pod.cgroup)
}

/** The pod leaves its node: the node's last reading still holds its tasks, now unclaimed. */
export function unclaim({ cgroup, node, observed }: PodEntry): void {
  if (node === undefined || observed === 0) return
  node.unclaimed ??= new Map()
  node.unclaimed.set(cgroup, observed)
}

/**
 * The pod has finished, or is gone: its tasks have ended, also where the node's last reading still shows them. Of one that is
 * gone a later reading that shows them counts again: it may have been deleted by force.
 */
export function giveBack(pod: PodEntry): void {
  const { node, observed } = pod
  if (node === undefined || observed === 0) return
  reobserve(pod, 0)
  node.host = lessened(node.host, observed)
  node.kubepods = lessened(node.kubepods, observed)
}

/** The pod has finished, or is gone: gives its tasks back, and later those in readings that were sampled before `now`. */
export function end(pod: PodEntry, now: Millis): void {
  const { node, observed, cgroup } = pod
  if (node === undefined || observed === 0) return
  if (node.ended.size < mostUnclaimed) node.ended.set(cgroup, { at: now, tasks: observed })
  giveBack(pod)
}

/**
 * The reading without the tasks of pods that have ended since it was sampled. The kernel's own count of the node is taken when it is
 * asked, so it holds them only where it stands for that of kubepods.
 */
export function withoutEnded(node: NodeEntry, reading: LedgerReading): LedgerReading {
  if (node.ended.size === 0) return reading
  const pods = reading.pods === undefined ? undefined : new Map(reading.pods)
  let tasks = 0
  for (const [cgroup, ended] of node.ended) {
    if (reading.at >= ended.at) node.ended.delete(cgroup)
    else {
      tasks += pods?.get(cgroup) ?? ended.tasks
      pods?.delete(cgroup)
    }
  }
  const { host, kubepods } = reading
  const kernel = host.inUse === kubepods.inUse ? lessened(host, tasks) : host
  return { ...reading, host: kernel, kubepods: lessened(kubepods, tasks), pods }
}

/** Each figure has an instant of its own, so the pod may have held less when the ceiling was read. */
function lessened({ limit, inUse }: Ceiling, by: Pids): Ceiling {
  return { limit, inUse: inUse === undefined ? undefined : Math.max(0, inUse - by) }
}

/** Without a reading, no tasks are observed of any pod of the node. */
export function dropReading(node: NodeEntry): void {
  node.forgetReading()
  for (const pod of node.pods) reobserve(pod, 0)
}
