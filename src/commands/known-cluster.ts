import type { KnownCluster } from '../engine/input-facts.ts'
import { clock } from '../host/clock.ts'
import { readSnapshotFile } from '../host/snapshot-file.ts'
import { type TakeOptions, takeSnapshot } from '../host/take-snapshot.ts'
import { ageNote } from '../snapshot/snapshot-age.ts'
import { standingOf } from '../snapshot/snapshot-headroom.ts'
import type { FilePolicy } from '../validate/object-judge.ts'

/**
 * What files are checked against: a snapshot, or the cluster as it is now. Throws ERR_SNAPSHOT_UNREADABLE,
 * ERR_SNAPSHOT_INVALID, ERR_CLUSTER_CONFIG and ERR_CLUSTER_UNREACHABLE.
 */
export async function knownCluster(
  options: TakeOptions & { readonly snapshot?: string },
  policy: Pick<FilePolicy, 'settingsFor'>
): Promise<KnownCluster & { readonly notes: readonly string[] }> {
  const { snapshot: path } = options
  const snapshot = path === undefined ? await takeSnapshot(options, clock) : await readSnapshotFile(path)
  const namespaces = new Map(snapshot.namespaces.map((namespace) => [namespace.name, namespace]))
  const { headroom } = standingOf(snapshot, (name) => policy.settingsFor(name, namespaces.get(name)).pids.estimate)
  const age = ageNote(snapshot.takenAt, clock.now())
  return {
    notes: age === undefined ? [] : [age],
    headroom,
    namespaceFacts: (name) => namespaces.get(name),
    limitRanges: (namespace) => snapshot.limitRanges.get(namespace) ?? []
  }
}
