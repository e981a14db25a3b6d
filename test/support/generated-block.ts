/**
 * The text with what stands between two lines replaced. Throws when the text has no place for it: without either line, or
 * with the last before the first.
 */
export function withBlock(text: string, first: string, last: string, block: string): string {
  const [from, to] = [text.indexOf(first), text.indexOf(last)]
  if (from < 0 || to < from) throw new Error(`expected ${JSON.stringify(first)} and ${JSON.stringify(last)}`)
  return text.slice(0, from + first.length) + block + text.slice(to)
}
