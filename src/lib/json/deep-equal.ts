/**
 * Whether two JSON values are equal; the order of an object's members does not matter. Much faster on an
 * object of the API than node:util's isDeepStrictEqual, which also looks at prototypes, symbols and cycles.
 */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!isSame(a[i], b[i])) return false
    return true
  }
  if (Array.isArray(b)) return false
  return hasSameMembers(a as Record<string, unknown>, b as Record<string, unknown>)
}

function hasSameMembers(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  for (const key of keys) if (!Object.hasOwn(b, key) || !isSame(a[key], b[key])) return false
  return true
}
