import { mirrorPod } from '../../kubernetes/annotations.ts'
import { podGroupOf } from '../../kubernetes/pods/pod-groups.ts'
import { scheduledFrom } from '../../kubernetes/scheduling-gates.ts'
import { isPodSubject, type Subject } from '../../kubernetes/subject.ts'
import { pod } from '../../kubernetes/workloads.ts'
import { isRecord } from '../../lib/json/shape.ts'
import type { Settings } from '../../policy/settings.ts'
import type { Headroom } from '../assess/headroom.ts'
import { estimateOf, workloadNameOf } from '../pod-estimate.ts'
import type { ReservationSink } from '../reservation.ts'
import type { Ledger } from './ledger.ts'

/**
 * Counts what was just admitted until the API server shows it: a Pod that may be scheduled from now on as waiting for a
 * node, a binding on its node. A Pod with scheduling gates takes no room.
 *
 * An exempt pod, or one that no rule looks at, is counted like any other: it takes the same room. `caller`: see `Callers`.
 * `sink` hears of what was counted and is believed.
 */
export function recordAdmission(
  subject: Subject,
  settings: Settings,
  ledger: Ledger,
  headroom: Headroom,
  caller?: string,
  sink?: ReservationSink
): void {
  const { uid } = subject.metadata
  if (subject.dryRun || typeof uid !== 'string' || uid === '') return
  if (subject.groupKind === binding && subject.operation === 'CREATE') {
    const node = targetNodeOf(subject)
    if (node === undefined) return
    const isBelieved = ledger.confirm(uid, node, caller)
    if (isBelieved && sink?.isHeard === true) sink.add({ bound: { uid, node } })
    return
  }
  // A mirror pod runs already, and its node counts its tasks under another uid. Only its kubelet creates one.
  if (subject.metadata.annotations?.[mirrorPod] !== undefined && isNode(subject)) return
  if (subject.groupKind !== pod || !isPodSubject(subject) || scheduledFrom(subject) !== 'now') return
  const { namespace, podSpec } = subject
  const counted = {
    uid,
    namespace,
    workload: workloadNameOf(subject),
    pids: estimateOf(subject, settings, headroom).pids,
    group: podGroupOf(namespace, subject.metadata, podSpec)
  }
  const isBelieved = ledger.assume({ ...counted, placement: headroom.placementOf(podSpec), caller })
  if (isBelieved && sink?.isHeard === true) sink.add({ admitted: { ...counted, podSpec } })
}

function isNode({ userName }: Subject): boolean {
  return userName?.startsWith('system:node:') === true
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
