import { specOf } from '../kubernetes/pods/rollout.ts'
import { isPodSubject, type PodSubject, type Subject } from '../kubernetes/subject.ts'
import { pod } from '../kubernetes/workloads.ts'
import type { Finding } from '../model/finding.ts'
import type { Settings } from '../policy/settings.ts'

/*
 * Who must not be denied for room that is missing now. A denial is for people and CI: they read it and choose. A controller
 * only tries again, later and later; and every pod of a template is checked by itself when it is created, so a warning is
 * enough where a denial would keep back pods that do have room, or that come at another time.
 */

const scale = 'autoscaling/Scale'

/** What else is known of the pods. */
export interface Circumstances {
  /** Pods of the workload that are about to end. */
  readonly ending?: number
  /** The scheduler counts their PIDs. */
  readonly isScheduled?: boolean
}

/** Why a shortage is no reason to deny; undefined: it is one. */
export function excuseOf(
  subject: Subject,
  old: PodSubject | undefined,
  { autoscaled, urgentPriority }: Pick<Settings['headroom'], 'autoscaled' | 'urgentPriority'>,
  { ending = 0, isScheduled = false }: Circumstances = {}
): string | undefined {
  if (isScheduled)
    return 'the scheduler counts PIDs, and a pod is Pending until there is room (spec.headroom.schedulePids)'
  if (autoscaled) return 'nodes are added for Pending pods (spec.headroom.autoscaled)'
  const { groupKind, kind, userName = '' } = subject
  if (groupKind === pod) return isUrgent(subject, urgentPriority) ? 'its priority is urgent' : undefined
  if (groupKind === scale)
    return userName.startsWith('system:serviceaccount:') ? 'a controller asks, and as many start as fit' : undefined
  if (kind === 'CronJob') return 'its pods come later, and are checked then'
  if (kind === 'Job') return 'a Job runs as many of its pods as fit'
  if (userName.startsWith('system:serviceaccount:kube-system:')) return 'a controller asks, and as many start as fit'
  if (isResumed(subject, old)) return 'it is resumed, and as many of its pods start as fit'
  return ending > 0 ? `${ending} of its pods are about to end` : undefined
}

function isUrgent(subject: Subject, urgentPriority: number): boolean {
  return isPodSubject(subject) && (subject.podSpec.priority ?? 0) >= urgentPriority
}

function isResumed(subject: Subject, old: Subject | undefined): boolean {
  return old !== undefined && specOf(old)['paused'] === true && specOf(subject)['paused'] !== true
}

/** The findings as warnings that say why they are no denials. */
export function excused(findings: readonly Finding[], why: string | undefined): Finding[] {
  if (why === undefined) return [...findings]
  return findings.map((finding) =>
    finding.advisory === true
      ? finding
      : { ...finding, detail: `${finding.detail}; not denied: ${why}`, advisory: true }
  )
}
