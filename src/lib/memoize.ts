/**
 * Remembers the results of a pure function of a text, so that repeated texts (quantities, patterns, pointers) are read
 * once. Memory is bounded: at `max` texts all are dropped, and texts longer than `longest` characters are never kept.
 */
export function memoized<T>(make: (text: string) => T, max = 1_000, longest = 256): (text: string) => T {
  const made = new Map<string, T>()
  return (text) => {
    const known = made.get(text)
    if (known !== undefined) return known
    const value = make(text)
    if (text.length > longest) return value
    if (made.size >= max) made.clear()
    made.set(text, value)
    return value
  }
}
