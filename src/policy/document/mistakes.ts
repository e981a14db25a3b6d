import type { z } from 'zod'
import { isRecord } from '../../lib/json/shape.ts'
import type { Path } from './yaml-source.ts'

/** One mistake of a single value; the messages of our own fields complete "expected …". */
export function issueMistakes(issue: z.core.$ZodIssue, document: unknown): { path: Path; message: string }[] {
  const path = issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n')
    return issue.keys.map((key, index) => ({ path: [...path, key], message: messages[index] ?? issue.message }))
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: `expected ${issue.issues[0]?.message}, found ${shown(path.at(-1))}` }]
  }
  const found = valueAt(document, path)
  return [
    {
      path,
      message: `expected ${issue.message}, ${found === undefined ? 'which is missing' : `found ${shown(found)}`}`
    }
  ]
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
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (isRecord(value)) return 'a mapping'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function valueAt(document: unknown, path: Path): unknown {
  let value: unknown = document
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined
    value = Reflect.get(value, segment)
  }
  return value
}
