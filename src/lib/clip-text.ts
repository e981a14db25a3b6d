/** The text, or its beginning and `…` where it has more than `length` UTF-16 units. */
export function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

/** The same in JSON quotes, so that spaces and control characters show. */
export function quoted(text: string, length: number): string {
  return JSON.stringify(clipped(text, length))
}
