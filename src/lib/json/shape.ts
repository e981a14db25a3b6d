import { AppError } from '../../errors.ts'

/** Any JSON object. */
export type JsonRecord = Record<string, unknown>

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object at `pointer`, or undefined when absent or null. Throws ERR_OBJECT_MALFORMED for anything else. */
export function optionalRecord(value: unknown, pointer: string): JsonRecord | undefined {
  if (value === undefined || value === null) return undefined
  if (isRecord(value)) return value
  throw malformed('an object', value, pointer)
}

/** The list at `pointer`, or undefined when absent or null. Throws ERR_OBJECT_MALFORMED for anything else. */
export function optionalList(value: unknown, pointer: string): unknown[] | undefined {
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) return value
  throw malformed('a list', value, pointer)
}

export function malformed(expected: string, found: unknown, pointer: string): AppError {
  const place = pointer.length <= maxPlace ? pointer : `${pointer.slice(0, maxPlace - 1)}…`
  return new AppError('ERR_OBJECT_MALFORMED', `${place}: expected ${expected}, found ${nameOf(found)}`)
}

/** Characters of a pointer in a message. A label key has up to 317, but nobody has checked it yet. Own choice. */
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
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** The value where it is a string, else the empty one: for showing what an object says of itself. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** `ERR_OBJECT_MALFORMED` messages begin with the pointer of the field; taken apart, so a person is shown its line. */
export function misshapen(error: unknown): { pointer: string; message: string } | undefined {
  if (!(error instanceof AppError) || error.code !== 'ERR_OBJECT_MALFORMED') return undefined
  const [, pointer = '', message = error.message] = /^(\/\S*): (.*)$/s.exec(error.message) ?? []
  return { pointer, message: `${pointer}: ${message}` }
}
