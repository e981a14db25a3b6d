import { isSame } from '../../lib/json/deep-equal.ts'
import { oldSubjectOf, type Subject } from '../subject.ts'
import { isFelixOnDelete, specOf } from './felix.ts'

/**
 * An UPDATE that leaves the template alone restarts nothing by itself, so the fix must not either: under RollingUpdate the
 * variable would roll calico-node on every node. calico-update-strategy comes before this rule.
 */
export function wouldRestart(subject: Subject): boolean {
  if (subject.operation !== 'UPDATE' || isFelixOnDelete(subject)) return false
  const old = oldSubjectOf(subject)
  return old !== undefined && isSame(specOf(subject)?.['template'], specOf(old)?.['template'])
}
