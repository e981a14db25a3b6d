import { indexOf, splitPointer } from '../lib/json/pointer.ts'
import type { JsonRecord } from '../lib/json/shape.ts'
import { type Mistake, repeated } from './mistake.ts'

/** A key or an item on the way to a field: where it begins, and where its value does. */
interface Step {
  readonly token: string
  readonly at: number
  readonly valueAt: number
  /** Whether a member of its value was asked for: most objects are asked once, and pay for no index. */
  isAsked: boolean
  /** The members of an object by key, once a second one is asked for. */
  members: ReadonlyMap<string, Step> | undefined
  /** Where the items of a list begin. */
  items: readonly number[] | undefined
}

/**
 * Finds fields in a strict JSON text. The text is gone over once, to know where each collection ends; of what is on the way to
 * a field, each member is then one step. So a List of 100,000 objects may have a finding in each. Measured on 20,000 Pods in
 * 18 MB, compiling included: 165 ms, where looking for the end of each collection anew took 360.
 */
export class JsonLocator {
  readonly #text: string
  readonly #collections: Collections
  /** The way to the field that was asked for last. */
  readonly #open: Step[]

  constructor(text: string) {
    this.#text = text
    this.#collections = new Collections(text)
    const at = afterSpace(text, 0)
    this.#open = [stepTo('', at, at)]
  }

  /** Where the key or list item begins that `pointer` names, or the deepest one above it that is there. */
  offsetOf(pointer: string): number {
    const open = this.#open
    let depth = 0
    for (const token of splitPointer(pointer)) {
      if (open[depth + 1]?.token !== token) {
        const found = this.#memberOf(open[depth] as Step, token)
        if (found === undefined) break
        open.length = depth + 1
        open.push(found)
      }
      depth++
    }
    return (open[depth] as Step).at
  }

  #memberOf(holder: Step, token: string): Step | undefined {
    if (this.#text.charCodeAt(holder.valueAt) === openBracket) {
      holder.items ??= this.#itemsOf(holder.valueAt)
      const at = holder.items[indexOf(token)]
      return at === undefined ? undefined : stepTo(token, at, at)
    }
    if (holder.isAsked) {
      holder.members ??= this.#membersOf(holder.valueAt)
      return holder.members.get(token)
    }
    holder.isAsked = true
    let found: Step | undefined
    // The last of a key counts. A key is never written shorter than it is.
    this.#each(holder.valueAt, (at, keyEnd, valueAt) => {
      if (keyEnd - at - 2 >= token.length && keyOf(this.#text, at, keyEnd) === token) found = stepTo(token, at, valueAt)
    })
    return found
  }

  #membersOf(start: number): ReadonlyMap<string, Step> {
    const members = new Map<string, Step>()
    this.#each(start, (at, keyEnd, valueAt) => {
      const token = keyOf(this.#text, at, keyEnd)
      members.set(token, stepTo(token, at, valueAt))
    })
    return members
  }

  #itemsOf(start: number): readonly number[] {
    const items: number[] = []
    this.#each(start, (at) => items.push(at))
    return items
  }

  /** The members of the collection that begins at `start`; none where it is none. An item of a list has no key, so that ends where it begins. */
  #each(start: number, member: (at: number, keyEnd: number, valueAt: number) => void): void {
    const text = this.#text
    const first = text.charCodeAt(start)
    if (first !== openBrace && first !== openBracket) return
    const end = this.#collections.endOf(start) - 1
    for (let at = afterSpace(text, start + 1); at < end; ) {
      const keyEnd = first === openBrace ? afterString(text, at) : at
      const valueAt = first === openBrace ? afterSpace(text, afterSpace(text, keyEnd) + 1) : at
      member(at, keyEnd, valueAt)
      at = afterSpace(text, this.#afterValue(valueAt))
      if (text.charCodeAt(at) === comma) at = afterSpace(text, at + 1)
    }
  }

  #afterValue(start: number): number {
    const text = this.#text
    const first = text.charCodeAt(start)
    if (first === quote) return afterString(text, start)
    if (first === openBrace || first === openBracket) return this.#collections.endOf(start)
    let at = start
    for (let char = first; !isSpace(char) && char !== comma && char !== closeBrace && char !== closeBracket; ) {
      if (++at >= text.length) break
      char = text.charCodeAt(at)
    }
    return at
  }
}

function stepTo(token: string, at: number, valueAt: number): Step {
  return { token, at, valueAt, isAsked: false, members: undefined, items: undefined }
}

/** Where each object and each list of a JSON text begins, in the order of the text, and where it ends. */
class Collections {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  /** The one that was asked for last: most are asked for in the order of the text. */
  #last = 0

  constructor(text: string) {
    const open: number[] = []
    for (let at = 0; at < text.length; at++) {
      const char = text.charCodeAt(at)
      if (char === quote) at = afterString(text, at) - 1
      // Spaces, commas, colons and numbers: most of a text that kubectl has indented.
      else if (char < openBracket) continue
      else if (char === openBrace || char === openBracket) {
        open.push(this.#starts.length)
        this.#starts.push(at)
        this.#ends.push(text.length)
      } else if (char === closeBrace || char === closeBracket) this.#ends[open.pop() ?? 0] = at + 1
    }
  }

  /** Behind the bracket that closes the collection that begins at `start`. */
  endOf(start: number): number {
    const starts = this.#starts
    let low = (starts[this.#last] as number) <= start ? this.#last : 0
    let step = 1
    for (; (starts[low + step] ?? start + 1) <= start; step *= 2) low += step
    let high = Math.min(low + step, starts.length) - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] as number) <= start) low = middle
      else high = middle - 1
    }
    this.#last = low
    return this.#ends[low] as number
  }
}

function keyOf(text: string, start: number, end: number): string {
  const written = text.slice(start + 1, end - 1)
  return written.includes('\\') ? String(JSON.parse(text.slice(start, end))) : written
}

/**
 * Keys that are in one object twice, in a text that JSON.parse has read as `value`. The text is only looked through where it
 * has more keys than the value.
 */
export function repeatedKeys(text: string, value: unknown): Mistake[] {
  if (keysWritten(text) <= keysIn(value)) return []
  const mistakes: Mistake[] = []
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === openBrace) open.push(new Set())
    else if (char === openBracket) open.push(undefined)
    else if (char === closeBrace || char === closeBracket) open.pop()
    else if (char === quote) {
      const end = afterString(text, at)
      const keys = open.at(-1)
      if (keys !== undefined && text[afterSpace(text, end)] === ':') {
        const key = keyOf(text, at, end)
        if (keys.has(key)) mistakes.push(repeated(key, at))
        keys.add(key)
      }
      at = end - 1
    }
  }
  return mistakes
}

/** Texts with a colon behind them. From quote to quote: measured, a quarter of what it takes to look behind every colon. */
function keysWritten(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; ) {
    const next = afterSpace(text, afterString(text, at))
    if (text.charCodeAt(next) === colon) count++
    at = text.indexOf('"', next)
  }
  return count
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++
  return slashes % 2 === 1
}

function keysIn(value: unknown): number {
  const open: unknown[] = [value]
  let count = 0
  for (let inner = open.pop(); inner !== undefined; inner = open.pop()) {
    if (Array.isArray(inner)) {
      for (const item of inner) if (typeof item === 'object' && item !== null) open.push(item)
      continue
    }
    for (const key in inner as JsonRecord) {
      count++
      const member = (inner as JsonRecord)[key]
      if (typeof member === 'object' && member !== null) open.push(member)
    }
  }
  return count
}

const [quote, backslash, colon, comma] = [0x22, 0x5c, 0x3a, 0x2c]
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]

function isSpace(char: number): boolean {
  return char === 0x20 || (char >= 0x09 && char <= 0x0d)
}

function afterSpace(text: string, start: number): number {
  let at = start
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

/** Behind the quote that ends the string. */
function afterString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    if (text.charCodeAt(end - 1) !== backslash || !isEscaped(text, end)) return end + 1
  }
  return text.length
}
