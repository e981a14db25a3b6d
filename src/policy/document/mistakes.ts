import { isRecord } from '../../lib/json/shape.ts'

/** The way to a value of a document: names of fields, and places in lists. */
export type Path = readonly (string | number)[]

/** What is wrong at one place of a document. */
export interface PathMistake {
  readonly path: Path
  readonly message: string
}

/** Ends the sentence "expected a list, …". */
export function missingOrFound(value: unknown): string {
  return value === undefined ? 'which is missing' : `found ${shown(value)}`
}

/** As users write it: `spec.overrides[2].pids`; keys with other characters are quoted. */
export function renderPath(path: Path): string {
  return path.map((segment, index) => renderSegment(segment, index === 0)).join('')
}

function renderSegment(segment: string | number, first: boolean): string {
  if (typeof segment === 'number') return `[${segment}]`
  if (!/^[-\w]+$/.test(segment)) return `[${shown(segment)}]`
  return first ? segment : `.${segment}`
}

/** Scalars as written, so that users find them; lists and mappings by their type, since they may be long. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (isRecord(value)) return 'a mapping'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
