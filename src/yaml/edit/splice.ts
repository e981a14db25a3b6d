/** A piece of a text, and what replaces it. Offsets in UTF-16 units. */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text with every splice made; undefined where two of them overlap. */
export function spliced(text: string, splices: readonly Splice[]): string | undefined {
  const pieces: string[] = []
  let at = 0
  for (const { start, end, text: inserted } of [...splices].sort((a, b) => a.start - b.start)) {
    if (start < at) return undefined
    pieces.push(text.slice(at, start), inserted)
    at = end
  }
  return pieces.join('') + text.slice(at)
}
