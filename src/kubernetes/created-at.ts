import type { Millis } from '../lib/units.ts'
import type { ObjectMeta } from './types.ts'

/** When the API server stored the object first, by its clock; undefined where it does not say, as in a file. */
export function createdAt({ creationTimestamp }: ObjectMeta): Millis | undefined {
  const at = typeof creationTimestamp === 'string' ? Date.parse(creationTimestamp) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}
