/**
 * Remembers what a pure function made of a text. Texts that come again and again (quantities, patterns, pointers) are
 * then read once; what comes from outside cannot fill the memory, because all is forgotten at `max` texts, and long
 * texts are not remembered.
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
