import type { ObjectMeta } from './kubernetes.ts'
import type { Millis } from './units.ts'

/** When the API server stored the object first, by its clock; undefined where it does not say, as in a file. */
export function createdAt({ creationTimestamp }: ObjectMeta): Millis | undefined {
  const at = typeof creationTimestamp === 'string' ? Date.parse(creationTimestamp) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}
