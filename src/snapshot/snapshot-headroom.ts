import { Headroom } from '../headroom/assess/headroom.ts'
import { Ledger } from '../headroom/ledger/ledger.ts'
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
  return { ledger, headroom: new Headroom(ledger, clock) }
}
