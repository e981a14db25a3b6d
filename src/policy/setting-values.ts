import { maxPids } from '../kubernetes/qos/pids-limit.ts'
import { parseQuantity } from '../kubernetes/qos/quantity.ts'
import { readDuration } from '../lib/duration.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Backend, Floor } from './settings.ts'

/**
 * Readers of single values, for the document and for annotations alike.
 * Each returns undefined for anything that is not such a value, and never throws.
 */

/** A fork bomb takes seconds, so an hour-old reading is worthless; readings cannot be kept younger than a second. */
const maxAgeLimits: { readonly min: Millis; readonly max: Millis } = { min: 1000, max: 3_600_000 }

const countPattern = '^[0-9]{1,7}$'
export const sharePattern = '^[0-9]{1,3}([.][0-9]{1,3})?%$'
export const datePattern =
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?$'

/** Characters. The longest canonical quantity, 2^63-1 in billionths, has 19 digits, a sign and a suffix. */
const maxRequestLength = 32

const dayMillis: Millis = 86_400_000

/** The highest priority that the API server takes: a 32-bit number. */
export const maxPriority = 2_147_483_647

/** undefined for anything but a whole number from 1 to `maxPriority`. */
export function readPriority(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxPriority ? value : undefined
}

/** A count of tasks that may be an estimate, a limit or a budget: 1 to the most a node can hold. */
export function readPids(value: unknown): Pids | undefined {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= maxPids ? Number(value) : undefined
}

/** The same, or `none`. */
export function readPidsOrNone(value: unknown): Pids | 'none' | undefined {
  return value === 'none' ? value : readPids(value)
}

/** Of an annotation, where every value is a text. */
export function readPidsText(value: string): Pids | undefined {
  return new RegExp(countPattern).test(value) ? readPids(Number(value)) : undefined
}

/** A share as a percentage of at most 100: `25%` is 0.25. */
export function readShare(value: unknown): number | undefined {
  if (typeof value !== 'string' || !new RegExp(sharePattern).test(value)) return undefined
  // As a text, for a division would round twice: 99.999% is 0.99999.
  const share = Number(`${value.slice(0, -1)}e-2`)
  return share <= 1 ? share : undefined
}

/** A share below 100%, which would leave no room for any pod, or a count. */
export function readFloor(value: unknown): Floor | undefined {
  if (typeof value === 'number') {
    return Number.isInteger(value) && value >= 0 && value <= maxPids ? { pids: value } : undefined
  }
  const share = readShare(value)
  return share === undefined || share === 1 ? undefined : { share }
}

/** Of an annotation, where a count is a text too. */
export function readFloorText(value: string): Floor | undefined {
  return readFloor(new RegExp(countPattern).test(value) ? Number(value) : value)
}

/** A span such as `30s`, `5m` or `1m30s`, from a second to an hour. */
export function readMaxAge(value: unknown): Millis | undefined {
  const span = typeof value === 'string' && value.length <= 64 ? readDuration(value) : undefined
  return span !== undefined && span >= maxAgeLimits.min && span <= maxAgeLimits.max ? span : undefined
}

/** A quantity of more than nothing, short enough to be written into pods as it is. */
export function readRequest(value: unknown): string | undefined {
  if ((typeof value !== 'string' && typeof value !== 'number') || String(value).length > maxRequestLength)
    return undefined
  const nanos = parseQuantity(value)
  return nanos !== undefined && nanos > 0n ? String(value) : undefined
}

/** The first instant past a date (in UTC) or at an RFC 3339 instant. */
export function readExpiry(value: unknown): Millis | undefined {
  if (typeof value !== 'string' || !new RegExp(datePattern).test(value)) return undefined
  const day = Date.parse(value.slice(0, 10))
  // Date.parse takes 2027-02-30 for a day of March.
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== value.slice(0, 10)) return undefined
  const at = value.length === 10 ? day + dayMillis : Date.parse(value)
  return Number.isNaN(at) ? undefined : at
}

/** Felix reads the value without regard to case; the policy keeps Felix' own spelling. */
export function readBackend(value: unknown): Backend | undefined {
  if (typeof value !== 'string') return undefined
  const lower = value.toLowerCase()
  if (lower === 'legacy') return 'Legacy'
  return lower === 'nft' ? 'NFT' : undefined
}
