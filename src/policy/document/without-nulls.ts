/** Deeper than any policy, and shallow enough for every reader that recurses. */
const maxDepth = 32

/** An explicit null is a field left out, as everywhere in Kubernetes: the lines below it may be commented out. */
export function withoutNulls(value: unknown, depth = 0): unknown {
  if (depth > maxDepth) throw new Error(`nested deeper than ${maxDepth} levels`)
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, field]) => field !== null)
  return Object.fromEntries(kept.map(([key, field]) => [key, withoutNulls(field, depth + 1)]))
}
