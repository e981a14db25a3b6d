import { isPodSubject, oldSubjectOf, type PodSubject } from './subject.ts'

/** Whether the pod has scheduling gates: the scheduler does not look at it before all of them are removed. */
export function isGated(spec: { readonly schedulingGates?: unknown }): boolean {
  return Array.isArray(spec.schedulingGates) && spec.schedulingGates.length > 0
}

/**
 * From when a Pod in a request may be scheduled. `now`: it is created without gates, or its last gate is removed; after
 * creation gates can only be removed. `later`: it is created with gates. undefined: the request changes nothing about it.
 */
export function scheduledFrom(subject: PodSubject): 'now' | 'later' | undefined {
  if (subject.subresource !== '') return undefined
  if (subject.operation === 'CREATE') return isGated(subject.podSpec) ? 'later' : 'now'
  if (subject.operation !== 'UPDATE' || isGated(subject.podSpec)) return undefined
  const old = oldSubjectOf(subject)
  return old !== undefined && isPodSubject(old) && isGated(old.podSpec) ? 'now' : undefined
}
