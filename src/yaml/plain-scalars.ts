import { plainScalar } from './kubectl-scalars.ts'

/** Thrown where a text is not written plainly. One for all: nobody sees it, and to make one costs more than to read a line. */
export const notPlain = new Error('not written plainly')

const [newline, space, quote, hash, apostrophe, plus] = [10, 32, 34, 35, 39, 43] as const
const [dash, colon, greater, backslash] = [45, 58, 62, 92] as const

/**
 * The text of a manifest, and the line where its reader stands: the next that is neither empty nor a comment. Reads scalars that
 * begin in the middle of a line, to the end of them. Without tabs and carriage returns, and with a newline at its end.
 */
export class BlockText {
  readonly source: string
  /** The first character of the line that is no space. */
  at = 0
  /** Spaces before it; -1 at the end of the text. */
  indent = -1

  constructor(source: string) {
    this.source = source
  }

  /** Stands at the next line with something on it, from where a line begins. */
  nextLine(from: number): void {
    const { source } = this
    for (let start = from; start < source.length; start = this.lineEnd(start)) {
      const at = this.skipSpaces(start)
      const code = source.charCodeAt(at)
      if (code === newline || code === hash) continue
      this.at = at
      this.indent = at - start
      return
    }
    this.at = source.length
    this.indent = -1
  }

  /** Where the next line begins. */
  lineEnd(from: number): number {
    return this.source.indexOf('\n', from) + 1
  }

  skipSpaces(from: number): number {
    let at = from
    while (this.source.charCodeAt(at) === space) at++
    return at
  }

  /** Whether nothing but a comment is left of the line. */
  isLineEnd(from: number): boolean {
    const at = this.skipSpaces(from)
    const code = this.source.charCodeAt(at)
    return code === newline || (code === hash && this.source.charCodeAt(at - 1) === space)
  }

  /** A scalar without quotes, its lines made one. It goes on with each line that is indented beyond `column`. */
  plain(from: number, column: number): string {
    const { source } = this
    let value = ''
    for (let at = from; ; ) {
      const end = this.#plainEnd(at)
      value += source.slice(at, endWithoutSpaces(source, at, end))
      const lineEnd = this.lineEnd(end)
      if (source.charCodeAt(end) === hash) {
        this.nextLine(lineEnd)
        return value
      }
      const next = this.#nextText(lineEnd)
      if (next.column <= column || source.charCodeAt(next.at) === hash) {
        this.nextLine(lineEnd)
        return value
      }
      value += next.emptyLines === 0 ? ' ' : '\n'.repeat(next.emptyLines)
      at = next.at
    }
  }

  /** The end of a line of a plain scalar, or where its comment begins. */
  #plainEnd(from: number): number {
    const { source } = this
    for (let at = from; ; at++) {
      const code = source.charCodeAt(at)
      if (code === newline) return at
      if (code === colon) {
        const next = source.charCodeAt(at + 1)
        if (next === space || next === newline) throw notPlain
      } else if (code === hash && source.charCodeAt(at - 1) === space) return at
    }
  }

  /** The next line that is not empty, and how many are before it. Its column is -1 at the end of the text. */
  #nextText(from: number): { readonly at: number; readonly column: number; readonly emptyLines: number } {
    const { source } = this
    let emptyLines = 0
    for (let start = from; start < source.length; start = this.lineEnd(start)) {
      const at = this.skipSpaces(start)
      if (source.charCodeAt(at) !== newline) return { at, column: at - start, emptyLines }
      emptyLines++
    }
    return { at: source.length, column: -1, emptyLines }
  }

  /** A scalar in quotes with nothing behind it; then the text stands at the next line. */
  quoted(from: number, column: number): string {
    const value = this.quotedHere(from, column)
    if (!this.isLineEnd(this.at)) throw notPlain
    this.nextLine(this.lineEnd(this.at))
    return value
  }

  /** A scalar in quotes, on one line where no column is given; then the text stands behind it. */
  quotedHere(from: number, column?: number): string {
    const isSingle = this.source.charCodeAt(from) === apostrophe
    const end = isSingle ? this.#singleEnd(from + 1) : this.#doubleEnd(from + 1)
    this.at = end + 1
    const written = this.source.slice(from + 1, end)
    const value = written.includes('\n') ? folded(written, column, isSingle) : written
    if (isSingle) return value.includes("'") ? value.replaceAll("''", "'") : value
    if (!value.includes('\\')) return value
    // JSON's escapes mean the same in YAML, and it refuses the others. Halves of pairs are looked at elsewhere.
    if (/\\u[dD][89a-fA-F]/.test(value)) throw notPlain
    const escaped = value.replaceAll('\n', '\\n').replace(/\\./g, (pair) => (pair === '\\ ' ? ' ' : pair))
    return JSON.parse(`"${escaped}"`)
  }

  #singleEnd(from: number): number {
    let end = this.source.indexOf("'", from)
    while (end >= 0 && this.source.charCodeAt(end + 1) === apostrophe) end = this.source.indexOf("'", end + 2)
    if (end < 0) throw notPlain
    return end
  }

  #doubleEnd(from: number): number {
    const { source } = this
    for (let at = from; at < source.length; at++) {
      const code = source.charCodeAt(at)
      if (code === quote) return at
      if (code === backslash) at++
    }
    throw notPlain
  }

  /** A block scalar, literal or folded, with a mark for its end or none. */
  block(from: number, column: number): string {
    const { source } = this
    const isFolded = source.charCodeAt(from) === greater
    const mark = source.charCodeAt(from + 1)
    const behind = mark === dash || mark === plus ? from + 2 : from + 1
    if (!this.isLineEnd(behind)) throw notPlain
    let start = this.lineEnd(behind)
    const first = this.#nextText(start)
    const indent = first.column
    // Spaces on empty lines before the first may count as its indentation.
    if (indent <= column || first.at - indent - start > first.emptyLines) throw notPlain
    let isFirst = true
    let empty = 0
    let value = ''
    let wasIndented = false
    for (; start < source.length; start = this.lineEnd(start)) {
      let at = start
      while (at - start < indent && source.charCodeAt(at) === space) at++
      const code = source.charCodeAt(at)
      if (code === newline) {
        empty++
        continue
      }
      if (at - start < indent) break
      const isIndented = code === space
      if (isFolded && !isFirst && !isIndented && !wasIndented) value += empty === 0 ? ' ' : '\n'.repeat(empty)
      else value += '\n'.repeat(isFirst ? empty : empty + 1)
      value += source.slice(at, this.lineEnd(at) - 1)
      isFirst = false
      wasIndented = isIndented
      empty = 0
    }
    this.nextLine(start)
    if (mark === dash) return value
    return mark === plus ? value + '\n'.repeat(empty + 1) : `${value}\n`
  }
}

/** The end of a text without the spaces before it. A pattern would look at each of many spaces many times. */
function endWithoutSpaces(text: string, from: number, end: number): number {
  let at = end
  while (at > from && text.charCodeAt(at - 1) === space) at--
  return at
}

/** The lines of a scalar in quotes made one, if those behind the first are indented beyond `column`. */
function folded(written: string, column: number | undefined, isSingle: boolean): string {
  if (column === undefined) throw notPlain
  const lines = written.split('\n')
  let value = ''
  let emptyLines = 0
  // Whether the line before ends in a backslash: it goes on without a space.
  let isContinued = false
  for (const [i, line] of lines.entries()) {
    const text = i === 0 ? line : line.replace(/^ +/, '')
    const isLast = i === lines.length - 1
    if (i > 0 && text === '' && !isLast) {
      emptyLines++
      continue
    }
    if (i > 0 && line.length - text.length <= column) throw notPlain
    if (i > 0 && !isContinued) value += emptyLines === 0 ? ' ' : '\n'.repeat(emptyLines)
    emptyLines = 0
    isContinued = !isSingle && !isLast && /(?<!\\)(?:\\\\)*\\$/.test(line)
    // A space at the end of a line stays if it is escaped: rare.
    if (!isSingle && !isLast && /\\ +$/.test(text)) throw notPlain
    value += isContinued ? text.slice(0, -1) : isLast ? text : text.slice(0, endWithoutSpaces(text, 0, text.length))
  }
  return value
}

/** Keys that were read last, by a number made of length and ends: nearly all are there many times, and V8 knows the text already. */
const slots = 512
const knownKeys: (string | undefined)[] = Array.from({ length: slots }, () => undefined)
/** Characters; labels may be longer, keys of Kubernetes are not. */
const longestKnown = 40

/** The key without quotes between two places. */
export function plainKey(source: string, at: number, end: number): string {
  const length = end - at
  const slot = (length * 31 + source.charCodeAt(at) * 7 + source.charCodeAt(end - 1)) % slots
  const known = knownKeys[slot]
  if (known?.length === length && source.startsWith(known, at)) return known
  const key = source.slice(at, end)
  // true, null and numbers are other keys than they look like.
  if (typeof plainScalar(key) !== 'string') throw notPlain
  // The name of a property is a text of its own, where a slice would keep the document.
  if (length <= longestKnown) knownKeys[slot] = Object.keys({ [key]: 0 })[0]
  return key
}
