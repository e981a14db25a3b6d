/** A value in a JSON text. Offsets in UTF-16 units. */
export interface JsonPlace {
  readonly start: number
  readonly end: number
  /** Of an object or a list: its members in their order; those nobody asked for have no places of their own. */
  readonly members: readonly JsonMember[] | undefined
}

export interface JsonMember {
  /** Of an object; empty in a list. */
  readonly key: string
  /** Where the key begins, or in a list the value. */
  readonly start: number
  readonly value: JsonPlace
}

/** The members that are wanted of a value, and of them in turn. */
export type Wanted = Map<string, Wanted>

/** What leads to all of these places. */
export function wantedOf(paths: Iterable<readonly string[]>): Wanted {
  const root: Wanted = new Map()
  for (const tokens of paths) {
    let at = root
    for (const token of tokens) {
      const next: Wanted = at.get(token) ?? new Map()
      at.set(token, next)
      at = next
    }
  }
  return root
}

/**
 * The places of the wanted values, in one pass over the text however many there are. The text has to be strict JSON:
 * JSON.parse has read it before. Of a key that is there twice the last counts, as for JSON.parse.
 */
export function jsonPlaces(text: string, wanted: Wanted): JsonPlace {
  return new Scanner(text).value(skipSpace(text, 0), wanted)
}

class Scanner {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  value(start: number, wanted: Wanted | undefined): JsonPlace {
    const opening = this.#text[start]
    if (opening === '"') return leaf(start, endOfString(this.#text, start))
    if (opening !== '{' && opening !== '[') return leaf(start, endOfScalar(this.#text, start))
    return wanted === undefined ? leaf(start, endOfCollection(this.#text, start)) : this.#collection(start, wanted)
  }

  #collection(start: number, wanted: Wanted): JsonPlace {
    const isObject = this.#text[start] === '{'
    const members: JsonMember[] = []
    let at = skipSpace(this.#text, start + 1)
    while (this.#text[at] !== '}' && this.#text[at] !== ']') {
      const keyEnd = isObject ? endOfString(this.#text, at) : at
      const key = isObject ? String(JSON.parse(this.#text.slice(at, keyEnd))) : ''
      const valueStart = isObject ? skipSpace(this.#text, skipSpace(this.#text, keyEnd) + 1) : at
      const value = this.value(valueStart, wanted.get(isObject ? key : String(members.length)))
      members.push({ key, start: at, value })
      at = skipSpace(this.#text, value.end)
      if (this.#text[at] === ',') at = skipSpace(this.#text, at + 1)
    }
    return { start, end: at + 1, members }
  }
}

function leaf(start: number, end: number): JsonPlace {
  return { start, end, members: undefined }
}

const space = /[ \t\r\n]*/y
const scalar = /[^\s,\]}]*/y

function skipSpace(text: string, at: number): number {
  return endOf(space, text, at)
}

function endOfScalar(text: string, at: number): number {
  return endOf(scalar, text, at)
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.exec(text)
  return pattern.lastIndex
}

/** Behind the quote that ends the string. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === 0x5c) at++
    else if (char === 0x22) return at + 1
  }
  return text.length
}

function endOfCollection(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === 0x22) at = endOfString(text, at) - 1
    else if (char === 0x7b || char === 0x5b) depth++
    else if ((char === 0x7d || char === 0x5d) && --depth === 0) return at + 1
  }
  return text.length
}
