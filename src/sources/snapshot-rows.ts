import type { NodeRow, PodRow, TopPolicy, WorkloadRow } from './fleet-rows.ts'
import { byPids, FleetTally } from './fleet-tally.ts'
import type { ClusterSnapshot } from './snapshot.ts'

/** Fullest first; nodes of which nothing is known come last. */
export function nodeRows(snapshot: ClusterSnapshot, policy: TopPolicy): NodeRow[] {
  const tally = new FleetTally(snapshot.readings, snapshot.takenAt, policy)
  for (const pod of snapshot.pods) tally.add(pod)
  return tally.nodeRows(snapshot.nodes, snapshot.failures)
}

/** Most tasks first; pods of which nothing is known come last. */
export function podRows(snapshot: ClusterSnapshot): PodRow[] {
  const tally = new FleetTally(snapshot.readings, snapshot.takenAt, nothing)
  return snapshot.pods
    .map((pod) => tally.add(pod))
    .filter((row) => row !== undefined)
    .sort(byPids)
}

/** Most tasks first, over all pods of the workload. */
export function workloadRows(snapshot: ClusterSnapshot): WorkloadRow[] {
  const tally = new FleetTally(snapshot.readings, snapshot.takenAt, nothing)
  for (const pod of snapshot.pods) tally.add(pod)
  return tally.workloadRows()
}

/** Where nobody asks what is promised. */
const nothing: TopPolicy = { estimateOf: () => 0, floor: { share: 0 } }
