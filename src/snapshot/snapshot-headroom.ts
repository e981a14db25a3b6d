import { Headroom } from '../headroom/assess/headroom.ts'
import { Ledger } from '../headroom/ledger/ledger.ts'
import { hasFinished } from '../headroom/ledger/pod-states.ts'
import type { Pids } from '../lib/units.ts'
import type { Clock } from '../ports/runtime.ts'
import type { ClusterSnapshot } from './snapshot.ts'

/** The bookkeeping of one moment. */
export interface Standing {
  readonly ledger: Ledger
  readonly headroom: Headroom
}

/**
 * The ledger of a snapshot at the moment it was taken: nothing on it ages or expires. `estimate` counts pods that carry no
 * figure of their own.
 */
export function standingOf(snapshot: ClusterSnapshot, estimate: (namespace: string) => Pids): Standing {
  const clock: Clock = { now: () => snapshot.takenAt, monotonic: () => 0 }
  const ledger = new Ledger(clock, estimate)
  for (const node of snapshot.nodes) ledger.observeNode(node)
  for (const pod of snapshot.pods) ledger.observePod(pod)
  for (const reading of snapshot.readings.values()) ledger.observeReading(reading)
  // What one node shows of a workload counts for its pods everywhere, also for those without a node.
  for (const pod of snapshot.pods) if (!hasFinished(pod)) ledger.observePod(pod)
  return { ledger, headroom: new Headroom(ledger, clock) }
}
