import type { Decision } from '../engine/decide.ts'
import { readPids } from '../headroom/pod-estimate.ts'
import { pidsEstimate, pidsEstimateSource } from '../kubernetes/annotations.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { pod } from '../kubernetes/workloads.ts'

/** The annotations for the API server's audit log; undefined when there are none. */
export function annotationsOf(
  subject: Subject,
  { auditAnnotations }: Decision,
  fixedBy: readonly string[]
): Readonly<Record<string, string>> | undefined {
  const estimate = estimateNote(subject)
  if (fixedBy.length === 0 && estimate === undefined) return isEmpty(auditAnnotations) ? undefined : auditAnnotations
  const annotations = { ...auditAnnotations }
  if (fixedBy.length > 0) annotations['fixed'] = fixedBy.join(',')
  if (estimate !== undefined) annotations['pids-estimate'] = estimate
  return annotations
}

/** The estimate of a new Pod; its annotations hold it once `pid-annotations` has written them. */
function estimateNote({ groupKind, operation, metadata }: Subject): string | undefined {
  if (groupKind !== pod || operation !== 'CREATE') return undefined
  const pids = readPids(metadata.annotations?.[pidsEstimate])
  if (pids === undefined) return undefined
  return `${pids} (${(metadata.annotations?.[pidsEstimateSource] ?? 'unknown').slice(0, 20)})`
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false
  return true
}
