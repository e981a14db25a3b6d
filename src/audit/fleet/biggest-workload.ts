import { compareTexts } from '../../lib/compare-text.ts'
import type { WorkloadShare } from '../../model/task-places.ts'
import type { AuditNode } from '../../report/audit/audit-fleet.ts'

/** The workload with the most tasks on a node; null where none is known to have any there. */
export function biggestOf(workloads: readonly WorkloadShare[]): AuditNode['biggestWorkload'] {
  const [biggest] = workloads.toSorted(byPids)
  if (biggest === undefined) return null
  const { namespace, kind, name, pids, pods } = biggest
  return { namespace, kind, name, pids, pods }
}

/** The one with the most tasks first. */
export function byPids(
  a: Omit<WorkloadShare, 'pods' | 'terminating'>,
  b: Omit<WorkloadShare, 'pods' | 'terminating'>
): number {
  return (
    b.pids - a.pids ||
    compareTexts(a.namespace, b.namespace) ||
    compareTexts(a.name, b.name) ||
    compareTexts(a.kind, b.kind)
  )
}
