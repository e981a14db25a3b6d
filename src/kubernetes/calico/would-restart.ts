import { isSame } from '../../lib/json/deep-equal.ts'
import { oldSubjectOf, type Subject } from '../subject.ts'
import { isFelixOnDelete, specOf } from './felix.ts'

/**
 * Whether setting the variable would restart calico-node. An UPDATE that leaves the template alone restarts nothing, so the
 * fix must not either: under RollingUpdate a changed variable restarts calico-node on every node. The rule
 * calico-update-strategy runs before this one.
 */
export function wouldRestart(subject: Subject): boolean {
  if (subject.operation !== 'UPDATE' || isFelixOnDelete(subject)) return false
  const old = oldSubjectOf(subject)
  return old !== undefined && isSame(specOf(subject)?.['template'], specOf(old)?.['template'])
}
