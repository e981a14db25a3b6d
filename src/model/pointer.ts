import { memoized } from './memo.ts'

/** One reference token of a JSON Pointer, escaped (RFC 6901 §3: `~` is `~0`, `/` is `~1`). */
export const escapeToken: (token: string) => string = memoized((token) =>
  token.includes('~') || token.includes('/') ? token.replaceAll('~', '~0').replaceAll('/', '~1') : token
)

/** The reference tokens of a JSON Pointer, unescaped; the empty pointer has none. */
export const tokensOf: (pointer: string) => readonly string[] = memoized((pointer) =>
  pointer === '' ? [] : pointer.slice(1).split('/').map(unescapeToken)
)

function unescapeToken(token: string): string {
  return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token
}
