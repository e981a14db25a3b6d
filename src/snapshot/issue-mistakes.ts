import type { z } from 'zod'
import { missingOrFound, type PathMistake, shown } from '../policy/document/mistakes.ts'

/** One mistake of a single value; the messages of our own fields complete "expected …". */
export function issueMistakes(issue: z.core.$ZodIssue, document: unknown): PathMistake[] {
  const path = issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n')
    return issue.keys.map((key, index) => ({ path: [...path, key], message: messages[index] ?? issue.message }))
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: `expected ${issue.issues[0]?.message}, found ${shown(path.at(-1))}` }]
  }
  return [{ path, message: `expected ${issue.message}, ${missingOrFound(valueAt(document, path))}` }]
}

function valueAt(document: unknown, path: PathMistake['path']): unknown {
  let value: unknown = document
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined
    value = Reflect.get(value, segment)
  }
  return value
}
