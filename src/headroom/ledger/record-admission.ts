import { mirrorPod } from '../../kubernetes/annotations.ts'
import { isPodSubject, type Subject } from '../../kubernetes/subject.ts'
import { pod } from '../../kubernetes/workloads.ts'
import { isRecord } from '../../lib/json/shape.ts'
import type { Settings } from '../../policy/settings.ts'
import type { Headroom } from '../assess/headroom.ts'
import { estimateOf, workloadNameOf } from '../pod-estimate.ts'
import type { Ledger } from './ledger.ts'

/**
 * Counts what was just admitted until the API server shows it: a new Pod as waiting for a node, a binding on its node.
 * An exempt pod, or one that no rule looks at, is counted like any other: it takes the same room.
 */
export function recordAdmission(subject: Subject, settings: Settings, ledger: Ledger, headroom: Headroom): void {
  const { uid } = subject.metadata
  if (subject.dryRun || subject.operation !== 'CREATE' || typeof uid !== 'string' || uid === '') return
  if (subject.groupKind === binding) {
    const node = targetNodeOf(subject)
    if (node !== undefined) ledger.confirm(uid, node)
    return
  }
  // A mirror pod runs already, and its node counts its tasks under another uid.
  if (subject.metadata.annotations?.[mirrorPod] !== undefined) return
  if (subject.groupKind !== pod || subject.subresource !== '' || !isPodSubject(subject)) return
  ledger.assume({
    uid,
    namespace: subject.namespace,
    workload: workloadNameOf(subject),
    pids: estimateOf(subject, settings, headroom).pids,
    placement: headroom.placementOf(subject.podSpec)
  })
}

/** The kind a scheduler creates, as `pods/binding`, to put a pod on a node. */
export const binding = '/Binding'

/** The node a binding names; undefined when its target is not a node. */
export function targetNodeOf({ object }: Subject): string | undefined {
  const target = object['target']
  if (!isRecord(target) || typeof target['name'] !== 'string' || target['name'] === '') return undefined
  const { kind } = target
  return kind === undefined || kind === '' || kind === 'Node' ? target['name'] : undefined
}
