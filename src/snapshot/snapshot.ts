import type { LimitRangeItem } from '../kubernetes/types.ts'
import type { Millis } from '../lib/units.ts'
import type { NamedNamespace, NodeFacts, PodFacts } from '../model/cluster-objects.ts'
import type { NodeReading, ReadingFailure, ReadingTarget } from '../model/node-reading.ts'
import type { NodeReadings, ReadingSink } from '../ports/readings.ts'
import type { Clock } from '../ports/runtime.ts'
import { askingWhereLimited } from '../readings/without-ceiling.ts'

/** A cluster at one moment, as far as pidguard looks at it: for CI, for demonstrations, for looking at it later. */
export interface ClusterSnapshot {
  readonly takenAt: Millis
  readonly nodes: readonly NodeFacts[]
  readonly pods: readonly PodFacts[]
  readonly namespaces: readonly NamedNamespace[]
  /** By namespace. */
  readonly limitRanges: ReadonlyMap<string, readonly LimitRangeItem[]>
  /** By node. A node without one is unknown. */
  readonly readings: ReadonlyMap<string, NodeReading>
  /** By node: why there is no reading. */
  readonly failures: ReadonlyMap<string, ReadingFailure>
}

/**
 * The readings of a snapshot, as fresh as they were when it was taken: a file would otherwise be stale at once, and its
 * readers want to know what would have happened then.
 */
export function snapshotReadings(snapshot: ClusterSnapshot, clock: Clock): NodeReadings {
  const missing: ReadingFailure = { reason: 'not-reported', detail: 'the snapshot has no reading of the node' }
  const readings: NodeReadings = {
    async read(targets: readonly ReadingTarget[], sink: ReadingSink): Promise<void> {
      const shift = clock.now() - snapshot.takenAt
      for (const { name } of targets) {
        const reading = snapshot.readings.get(name)
        if (reading === undefined) sink.observeFailure(name, snapshot.failures.get(name) ?? missing)
        else sink.observeReading({ ...reading, at: reading.at + shift })
      }
    }
  }
  return askingWhereLimited(readings, clock)
}
