import { memoized } from '../memoize.ts'
import { isRecord } from './shape.ts'

/** One reference token of a JSON Pointer, escaped (RFC 6901 §3: `~` is `~0`, `/` is `~1`). */
export const escapeToken: (token: string) => string = memoized((token) =>
  token.includes('~') || token.includes('/') ? token.replaceAll('~', '~0').replaceAll('/', '~1') : token
)

/** The reference tokens of a JSON Pointer, unescaped; the empty pointer has none. */
export const tokensOf: (pointer: string) => readonly string[] = memoized(splitPointer)

/** The same, not remembered: for pointers that are asked for once, as those into the items of a long List. */
export function splitPointer(pointer: string): readonly string[] {
  if (pointer === '') return []
  const tokens = pointer.slice(1).split('/')
  return pointer.includes('~') ? tokens.map(unescapeToken) : tokens
}

/** The index that a token means in a list: digits without a leading zero (RFC 6901 section 4); -1 where it is none. */
export function indexOf(token: string): number {
  const index = Number(token)
  return Number.isInteger(index) && index >= 0 && String(index) === token ? index : -1
}

function unescapeToken(token: string): string {
  return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token
}

/**
 * The pointer with names for the numbers of list entries, `/spec/containers/app/args`: it stays the same when something
 * is put in front of them. An entry without a name, or without a type as conditions have it, is `*`.
 */
export function namedPointer(object: unknown, pointer: string): string {
  let at = object
  let named = ''
  for (const token of tokensOf(pointer)) {
    const isEntry = Array.isArray(at) && /^\d+$/.test(token)
    const next: unknown = isEntry ? (at as unknown[])[Number(token)] : isRecord(at) ? at[token] : undefined
    named += `/${escapeToken(isEntry ? entryName(next) : token)}`
    at = next
  }
  return named
}

function entryName(entry: unknown): string {
  const { name, type } = isRecord(entry) ? entry : {}
  return [name, type].find((each) => typeof each === 'string' && each !== '')?.toString() ?? '*'
}
