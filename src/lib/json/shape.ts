import { AppError } from '../../errors.ts'
import { clipped } from '../clip-text.ts'

/** Any JSON object. */
export type JsonRecord = Record<string, unknown>

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The object at `pointer`, and at `field` of that, or undefined when absent or null. Throws ERR_OBJECT_MALFORMED for anything
 * else; the whole pointer is only put together then.
 */
export function optionalRecord(value: unknown, pointer: string, field = ''): JsonRecord | undefined {
  if (value === undefined || value === null) return undefined
  if (isRecord(value)) return value
  throw malformed('an object', value, pointer + field)
}

/** The list there, likewise. */
export function optionalList(value: unknown, pointer: string, field = ''): unknown[] | undefined {
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) return value
  throw malformed('a list', value, pointer + field)
}

export function malformed(expected: string, found: unknown, pointer: string): AppError {
  return new AppError(
    'ERR_OBJECT_MALFORMED',
    `${clipped(pointer, maxPlace)}: expected ${expected}, found ${nameOf(found)}`
  )
}

/** A list or a mapping at `pointer` has more entries than pidguard takes. */
export function tooMany(what: string, most: number, found: number, pointer: string): AppError {
  return new AppError(
    'ERR_OBJECT_TOO_LARGE',
    `${clipped(pointer, maxPlace)}: expected at most ${most} ${what}, found ${found}`
  )
}

/** Characters of a pointer in a message. A label key has up to 317, but it is not validated yet. Own choice. */
const maxPlace = 512

/** The JSON type of a value, never the value itself: it may be secret or very long. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}

/** The entries of a list that are objects; none where it is no list. */
export function recordsOf(value: unknown): readonly JsonRecord[] {
  if (!Array.isArray(value)) return []
  return value.every(isRecord) ? value : value.filter(isRecord)
}

/** The value where it is a string, else the empty string: for showing a field that may have any type. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

const shapeErrors: readonly string[] = ['ERR_OBJECT_MALFORMED', 'ERR_OBJECT_TOO_LARGE']

/** The pointer and the message of an error about the shape of an object, whose message begins with the pointer; undefined for others. */
export function shapeErrorOf(error: unknown): { pointer: string; message: string } | undefined {
  if (!(error instanceof AppError) || !shapeErrors.includes(error.code)) return undefined
  const [, pointer = '', message = error.message] = /^(\/\S*): (.*)$/s.exec(error.message) ?? []
  return { pointer, message: `${pointer}: ${message}` }
}
