import { mirrorPod } from '../kubernetes/annotations.ts'
import { scheduledFrom } from '../kubernetes/scheduling-gates.ts'
import { isPodSubject, type Subject } from '../kubernetes/subject.ts'
import { controllerOf, type GroupKind, pod } from '../kubernetes/workloads.ts'
import type { Rule } from './rule.ts'

/** Rules by the kind they look at; built once, looked up per review. */
export class RuleIndex {
  readonly all: readonly Rule[]
  readonly #byKind = new Map<GroupKind, KindRules>()

  constructor(rules: readonly Rule[]) {
    this.all = rules
    for (const kind of new Set(rules.flatMap((rule) => rule.kinds))) {
      const all = rules.filter((rule) => rule.kinds.includes(kind))
      this.#byKind.set(kind, {
        all,
        controlled: all.filter((rule) => rule.includesControlled),
        running: all.filter((rule) => rule.includesRunning)
      })
    }
  }

  /** The rules that look at this subject at all; modes and exemptions are not considered. */
  rulesFor(subject: Subject): readonly Rule[] {
    const ofKind = this.#byKind.get(subject.groupKind)
    if (ofKind === undefined) return none
    if (isLetThrough(subject)) return isStored(subject) ? ofKind.running : none
    const rules = isControlledChild(subject) ? ofKind.controlled : ofKind.all
    if (subject.subresource === '') return rules
    return rules.filter((rule) => rule.subresources.includes(subject.subresource))
  }
}

interface KindRules {
  readonly all: readonly Rule[]
  /** Rules that also apply to objects owned by a controller. */
  readonly controlled: readonly Rule[]
  /** Rules that also look at what runs and cannot be denied. */
  readonly running: readonly Rule[]
}

const none: readonly Rule[] = []

/** An object as it is stored, which nobody writes now. */
function isStored({ operation, userName }: Subject): boolean {
  return operation === 'CREATE' && userName === undefined
}

/** Let through without a check: deletions, objects being deleted, and mirror pods, which run anyway. */
function isLetThrough(subject: Subject): boolean {
  if (subject.operation !== 'CREATE' && subject.operation !== 'UPDATE') return true
  return isTerminating(subject) || isMirrorPod(subject)
}

/**
 * Being deleted. On CREATE a user's own deletionTimestamp is ignored: the API server strips it only after admission, so it
 * could be used to get around the rules.
 */
function isTerminating({ metadata, operation, userName }: Subject): boolean {
  return Boolean(metadata.deletionTimestamp) && (operation === 'UPDATE' || userName === undefined)
}

/**
 * The API copy of a static pod, made by its kubelet: denying it hides a pod that keeps running. Any user can write the
 * annotation, so on CREATE it counts only from a node. A pod with scheduling gates is no copy: a static pod is on its node
 * already.
 */
function isMirrorPod(subject: Subject): boolean {
  if (subject.groupKind !== pod || subject.metadata.annotations?.[mirrorPod] === undefined) return false
  if (isPodSubject(subject) && subject.operation === 'UPDATE' && scheduledFrom(subject) === 'now') return false
  return subject.userName === undefined || subject.userName.startsWith('system:node:') || subject.operation === 'UPDATE'
}

/**
 * A ReplicaSet of a Deployment, a Job of a CronJob: its template was checked already, and its Pods are checked again. It
 * is never changed, since its controller would no longer recognise it (kubernetes pkg/controller/deployment/sync.go).
 */
function isControlledChild(subject: Subject): boolean {
  return subject.groupKind !== pod && controllerOf(subject.metadata) !== undefined
}
