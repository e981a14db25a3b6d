import { tokensOf } from '../lib/json/pointer.ts'
import { type Mistake, repeated } from './mistake.ts'

/** What an object or a list of a JSON text holds: where each member begins, with its key, and where its value does. */
type Members = ReadonlyMap<string, { readonly keyAt: number; readonly valueAt: number }>

/**
 * Finds fields in a strict JSON text. Only the collections on the way to a field are looked through, each once as long as
 * fields are asked for in the order of the text: a List of 100,000 objects may have a finding in each.
 */
export class JsonLocator {
  readonly #text: string
  /** The collections on the way to the field that was asked for last: the key of each in the one before, and its members. */
  #open: { readonly token: string; readonly members: Members | undefined }[] = []

  constructor(text: string) {
    this.#text = text
  }

  /** Where the key or list item begins that `pointer` names, or the deepest one above it that is there. */
  offsetOf(pointer: string): number {
    let at = afterSpace(this.#text, 0)
    let valueAt = at
    const tokens = ['', ...tokensOf(pointer)]
    for (const [i, token] of tokens.entries()) {
      if (this.#open[i]?.token !== token) this.#open.splice(i, this.#open.length, { token, members: undefined })
      const next = tokens[i + 1]
      if (next === undefined) break
      const members = this.#open[i]?.members ?? membersAt(this.#text, valueAt)
      this.#open[i] = { token, members }
      const member = members.get(next)
      if (member === undefined) break
      ;({ keyAt: at, valueAt } = member)
    }
    return at
  }
}

/** The members of the collection that begins at `start`, by key or index; none where it is none. The last of a key counts. */
function membersAt(text: string, start: number): Members {
  const members = new Map<string, { keyAt: number; valueAt: number }>()
  if (text[start] !== '{' && text[start] !== '[') return members
  const isObject = text[start] === '{'
  for (let at = afterSpace(text, start + 1); text[at] !== '}' && text[at] !== ']' && at < text.length; ) {
    const keyEnd = isObject ? afterString(text, at) : at
    const valueAt = isObject ? afterSpace(text, afterSpace(text, keyEnd) + 1) : at
    members.set(isObject ? keyOf(text, at, keyEnd) : String(members.size), { keyAt: at, valueAt })
    at = afterSpace(text, afterValue(text, valueAt))
    if (text[at] === ',') at = afterSpace(text, at + 1)
  }
  return members
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

/** Colons behind a quote, which is never less than the keys; a text that begins with a colon counts too. */
function keysWritten(text: string): number {
  let count = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    let before = at - 1
    while (isSpace(text.charCodeAt(before))) before--
    if (text.charCodeAt(before) === quote && !isEscaped(text, before)) count++
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
    if (typeof inner !== 'object' || inner === null) continue
    for (const key in inner) {
      open.push(inner[key as keyof typeof inner])
      if (!Array.isArray(inner)) count++
    }
  }
  return count
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d]

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
    if (!isEscaped(text, end)) return end + 1
  }
  return text.length
}

function afterValue(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === quote) return afterString(text, start)
  if (first !== openBrace && first !== openBracket) {
    let at = start
    while (at < text.length && !isSpace(text.charCodeAt(at)) && !',]}'.includes(text.charAt(at))) at++
    return at
  }
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === quote) at = afterString(text, at) - 1
    else if (char === openBrace || char === openBracket) depth++
    else if ((char === closeBrace || char === closeBracket) && --depth === 0) return at + 1
  }
  return text.length
}
