/**
 * Only the end of the name, from its capital letter on: capitals are rare in JSON, and a search is fast when its first byte
 * is rare.
 */
const head = Buffer.from('Fields":[')
/**
 * What comes before `head` in the compact JSON of the API server: a member's name follows `{` or `,`. After a backslash the
 * same text would be part of a longer name.
 */
const starts = ['{"managed', ',"managed']
const startLength = '{"managed'.length

/**
 * A JSON text in UTF-8 without the elements of its `managedFields` lists: which client set which field (kubernetes
 * apimachinery pkg/apis/meta/v1 ManagedFieldsEntry) is read by no rule, and is up to a third of an object. Stepping over
 * it costs a fraction of parsing it. A list that does not end is left for the parser to reject.
 *
 * Works in place: it moves the kept bytes together and returns a part of the given buffer, which it now owns.
 */
export function withoutManagedFields(json: Buffer): Buffer {
  let kept = 0
  let done = 0
  for (let at = json.indexOf(head); at >= 0; at = json.indexOf(head, Math.max(done, at + head.length))) {
    if (!starts.includes(json.toString('latin1', Math.max(0, at - startLength), at))) continue
    const from = at + head.length
    const to = endOfList(json, from)
    if (to === undefined) break
    kept = moved(json, kept, done, from)
    done = to
  }
  return done === 0 ? json : json.subarray(0, moved(json, kept, done, json.length))
}

/** Moves the bytes of `from` up to `to` to `at`, and returns where they end. */
function moved(bytes: Buffer, at: number, from: number, to: number): number {
  if (at !== from) bytes.copyWithin(at, from, to)
  return at + to - from
}

const quote = 0x22
const backslash = 0x5c
const opening = 0x5b
const closing = 0x5d
/** The index of the `]` that ends the list whose elements begin at `from`; undefined when the list does not end. */
function endOfList(json: Buffer, from: number): number | undefined {
  let depth = 1
  for (let i = from; i < json.length; i++) {
    const byte = json[i]
    if (byte === quote) {
      i = endOfString(json, i)
    } else if (byte === opening) {
      depth++
    } else if (byte === closing && --depth === 0) {
      return i
    }
  }
  return undefined
}

/** The index of the quote that closes the string which the quote at `start` opens. */
function endOfString(json: Buffer, start: number): number {
  let i = start + 1
  while (i < json.length && json[i] !== quote) i += json[i] === backslash ? 2 : 1
  return i
}
