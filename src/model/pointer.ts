/** One reference token of a JSON Pointer, escaped (RFC 6901 §3: `~` is `~0`, `/` is `~1`). */
export function escapeToken(token: string): string {
  return token.includes('~') || token.includes('/') ? token.replaceAll('~', '~0').replaceAll('/', '~1') : token
}

/** The reference tokens of a JSON Pointer, unescaped; the empty pointer has none. */
export function tokensOf(pointer: string): string[] {
  if (pointer === '') return []
  return pointer.slice(1).split('/').map(unescapeToken)
}

function unescapeToken(token: string): string {
  return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token
}
