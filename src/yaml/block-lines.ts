/** The lines of a YAML text that have something on them, without comments and block scalars. */
export interface BlockLines {
  /** Where each begins, behind its indentation. */
  readonly starts: readonly number[]
  /** Spaces before it. */
  readonly indents: readonly number[]
}

/**
 * The lines of a text in which a quoted text and a collection in brackets end on the line that they begin on: then indentation
 * alone says what belongs to what. undefined for any other text.
 */
export function blockLinesOf(text: string): BlockLines | undefined {
  if (['\r', '\u0085', '\u2028', '\u2029', '\n...'].some((each) => text.includes(each))) return undefined
  const [starts, indents]: [number[], number[]] = [[], []]
  const openers = new Openers(text)
  for (let at = 0, next = 0; at < text.length; at = next) {
    const start = afterSpaces(text, at)
    const end = endOfLine(text, start)
    next = end + 1
    if (start === end || text.charCodeAt(start) === hash) continue
    if (text.charCodeAt(start) === tab || (openers.isIn(start, end) && !isClosed(text, start, end))) return undefined
    starts.push(start)
    indents.push(start - at)
    const owner = blockScalarAt(text, start, end)
    if (owner !== undefined) next = endOfBlock(text, next, start - at + owner)
  }
  return { starts, indents }
}

/** Finds the next place of each sign that may open something, each from where it was found last. */
class Openers {
  readonly #text: string
  readonly #next: number[] = signs.map(() => -1)

  constructor(text: string) {
    this.#text = text
  }

  isIn(start: number, end: number): boolean {
    let found = false
    for (let i = 0; i < signs.length; i++) {
      let at = this.#next[i] as number
      if (at < start) {
        at = this.#text.indexOf(signs[i] as string, start)
        if (at < 0) at = Number.POSITIVE_INFINITY
        this.#next[i] = at
      }
      if (at < end) found = true
    }
    return found
  }
}

const signs = ['"', "'", '[', '{'] as const
const [tab, space, newline, doubleQuote, hash] = [0x09, 0x20, 0x0a, 0x22, 0x23]

/** The dashes of items, and a key. */
const beforeValue = /(?:- +)*(?:(?:[A-Za-z_][\w./-]*|"[^"\\\n]*"|'[^'\n]*'):(?: +|$))?/my
const onlyComment = / *(?:$| #)/my

/** Whether what a line opens ends on it. Says no wherever that is not plain to see. */
function isClosed(text: string, start: number, end: number): boolean {
  beforeValue.lastIndex = start
  const at = start + (beforeValue.exec(text)?.[0].length ?? 0)
  const first = text[at] ?? ''
  if (first === '"' || first === "'") return isRest(text, afterQuotes(text, at, end))
  if (first === '[' || first === '{') return isRest(text, afterBrackets(text, at, end))
  return !'&!*?@`%'.includes(first) || at >= end
}

function isRest(text: string, at: number): boolean {
  onlyComment.lastIndex = at
  return at > 0 && onlyComment.test(text)
}

/** Behind the quote that closes the one at `start`; -1 where it is not on the line. */
function afterQuotes(text: string, start: number, end: number): number {
  const quote = text.charCodeAt(start)
  for (let at = start + 1; at < end; at++) {
    const char = text.charCodeAt(at)
    if (char === 0x5c && quote === doubleQuote) at++
    else if (char === quote && quote !== doubleQuote && text.charCodeAt(at + 1) === quote) at++
    else if (char === quote) return at + 1
  }
  return -1
}

/** Behind the bracket that closes the one at `start`; -1 where it is not on the line, or a text in quotes begins where none should. */
function afterBrackets(text: string, start: number, end: number): number {
  let depth = 0
  let last = ''
  for (let at = start; at < end; at++) {
    const char = text[at] as string
    if (char === ' ') continue
    if (char === '"' || char === "'") {
      if (!'[{,:'.includes(last) || (last === ':' && text[at - 1] !== ' ')) return -1
      const after = afterQuotes(text, at, end)
      if (after < 0) return -1
      at = after - 1
    } else if (char === '[' || char === '{') depth++
    else if ((char === ']' || char === '}') && --depth === 0) return at + 1
    else if (char === '#' && text[at - 1] === ' ') return -1
    last = char
  }
  return -1
}

/** A key or the dash of an item, and the sign of a block scalar behind it. */
const blockScalar = /((?:- +)*)([A-Za-z_][\w./-]*: +)?[|>][-+]?$/my

/** The column, from the start of the line's text, that the lines of a block scalar are indented beyond; undefined: it opens none. */
function blockScalarAt(text: string, start: number, end: number): number | undefined {
  const last = text[end - 1]
  const sign = last === '-' || last === '+' ? text[end - 2] : last
  if (sign !== '|' && sign !== '>') return undefined
  blockScalar.lastIndex = start
  const found = blockScalar.exec(text)
  if (found === null) return undefined
  const [, dashes = '', key] = found
  if (key !== undefined) return dashes.length
  return dashes === '' ? undefined : dashes.lastIndexOf('-')
}

/** Where the first line begins that is not indented beyond `column`. */
function endOfBlock(text: string, start: number, column: number): number {
  let at = start
  while (at < text.length) {
    const from = afterSpaces(text, at)
    const end = endOfLine(text, from)
    if (from < end && from - at <= column) return at
    at = end + 1
  }
  return at
}

function afterSpaces(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) === space) at++
  return at
}

/** Where the line ends that `at` is on. */
function endOfLine(text: string, at: number): number {
  if (text.charCodeAt(at) === newline) return at
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}
