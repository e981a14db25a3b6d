/** A tag from its beginning, so that each is looked at once. */
const tag = String.raw`(?<![^\s[{,])!(?:<[^>\s!]*>|[^\s,[\]{}]*)`
/** What may stand before a node on its line: indentation, the dash of an item, a colon, a bracket, a comma, a tag. */
const before = String.raw`(?:^|[:[{,?]|^[ \t]*-|[ \t]-|${tag})[ \t]*`
/** What may stand before a key on its line. */
const beforeKey = String.raw`(?:^[ \t]*(?:-[ \t]+)*|[[{,?][ \t]*)`

const anchor = new RegExp(String.raw`${before}&[^\s&,[\]{}]`, 'gm')
const alias = new RegExp(String.raw`${before}\*[^\s*,[\]{}]`, 'gm')
const mergeKey = new RegExp(String.raw`${beforeKey}<<[ \t]*:`, 'gm')
const explicitKey = new RegExp(String.raw`${beforeKey}\?[ \t\r\n]`, 'gm')
/** A key that is null: js-yaml takes it for the text. */
const nullKey = new RegExp(String.raw`${beforeKey}(?:~|null|Null|NULL)[ \t]*:(?=[ \t\r\n]|$)`, 'gm')
/** An escape for half of a pair of UTF-16, or for no character: go-yaml refuses it in quotes, whole pairs too. */
const surrogate = /\\(?:u|U0000)[dD][89a-fA-F]|\\U(?!00(?:0[\da-fA-F]|10))/
const mapInMap = new RegExp(String.raw`${before}\{[ \t]*\{`, 'gm')
/** A line that begins with spaces and a tab, or has a tab behind the dash of an item. */
export const tabLine = /^ *(?:-(?: +-)* *)?\t/gm

/** A block scalar whose first line has a tab before it. */
const tabInFirstLine = /[|>][-+]?[ \t]*\r?\n(?: *\r?\n)* *\t/

/** What is found in a text from `lastIndex` on, as a RegExp does. */
interface Finder {
  lastIndex: number
  exec(text: string): { readonly index: number; readonly 0: string } | null
}

const keyStart = new RegExp(String.raw`${beforeKey}[^\s#]`, 'm')
const collectionStart = new RegExp(`${beforeKey}[[{]`, 'm')

/** A key of more than 1,024 characters, which YAML does not allow. Every character is looked at once, where a pattern would try each bracket. */
const longKey: Finder = {
  lastIndex: 0,
  exec(text) {
    let from = this.lastIndex
    for (let colon = text.indexOf(':', from); colon >= 0; colon = text.indexOf(':', from)) {
      const before = text.slice(from, colon)
      from = colon + 1
      if (colon + 1 < text.length && !/[ \t\r\n]/.test(text[colon + 1] as string)) continue
      const line = before.slice(before.lastIndexOf('\n') + 1)
      const start = line.length < maxKey ? null : keyStart.exec(line)
      // The last character of the match is the first of the key.
      if (start === null || line.length - (start.index + start[0].length - 1) < maxKey) continue
      this.lastIndex = from
      return { index: colon - line.length, 0: line }
    }
    return null
  }
}

/** A collection in brackets, on one line or at the end of several, with a colon behind it. */
const collectionKey: Finder = {
  lastIndex: 0,
  exec(text) {
    const end = /[\]}][ \t]*:/g
    end.lastIndex = this.lastIndex
    let [lineEnd, opened, hasBrackets] = [-1, -1, false]
    for (let found = end.exec(text); found !== null; found = end.exec(text)) {
      if (found.index >= lineEnd) {
        const lineStart = text.lastIndexOf('\n', found.index) + 1
        lineEnd = endOfLine(text, found.index)
        const line = text.slice(lineStart, lineEnd)
        const start = /^[ \t]*[\]}]/.test(line) ? 0 : (collectionStart.exec(line)?.index ?? line.length)
        opened = lineStart + start
        hasBrackets = /(?:^|[\s,])[[{]/.test(line)
      }
      if (opened > found.index) continue
      // Without a space behind the colon it is a key in brackets alone, and not in a text such as http://{{ host }}:80.
      if (!hasBrackets && /\S/.test(text[end.lastIndex] ?? ' ')) continue
      this.lastIndex = end.lastIndex
      return { index: found.index, 0: found[0] }
    }
    return null
  }
}

/**
 * Whether a document holds what only the slow parser reads as kubectl does: aliases, merge keys, keys that are not
 * scalars. May say yes for a document that merely looks so. Words come before patterns, as nearly all texts have none of
 * them; and the patterns ask for the place, as prose in CRDs and scripts in ConfigMaps is full of such words.
 */
export function needsSlow(text: string): boolean {
  return (
    (text.includes('<<') && isOutsideTexts(mergeKey, text)) ||
    (text.includes('{{') && isOutsideTexts(mapInMap, text)) ||
    ((text.includes(']:') || text.includes('}:') || text.includes('] :') || text.includes('} :')) &&
      isOutsideTexts(collectionKey, text)) ||
    ((text.includes('~:') || text.includes('ull:') || text.includes('ULL:')) && isOutsideTexts(nullKey, text)) ||
    ((text.includes('\\u') || text.includes('\\U')) && surrogate.test(text)) ||
    (hasLongLine(text) && isOutsideTexts(longKey, text)) ||
    (text.includes('? ') && isOutsideTexts(explicitKey, text)) ||
    (text.includes('*') && text.includes('&') && isOutsideTexts(anchor, text) && isOutsideTexts(alias, text))
  )
}

/** Whether a line begins with a tab that is in no text of several lines, or a block scalar does. go-yaml may refuse it. */
export function hasTabLine(text: string): boolean {
  return text.includes('\t') && (isOutsideTexts(tabLine, text) || tabInFirstLine.test(text))
}

/** Whether a line has more than 1,024 characters. */
function hasLongLine(text: string): boolean {
  for (let at = 0; at + maxKey < text.length; ) {
    const end = text.lastIndexOf('\n', at + maxKey)
    if (end < at) return true
    at = end + 1
  }
  return false
}

/** Characters of a key that is not announced by a question mark (YAML 1.1, section 7.4). */
const maxKey = 1_024

/** Whether a pattern is found anywhere but in texts of several lines: CEL expressions and scripts hold such signs in all places. */
function isOutsideTexts(pattern: Finder, text: string): boolean {
  pattern.lastIndex = 0
  const quotes = new LineQuotes(text)
  let [start, end] = [0, 0]
  for (;;) {
    const found = pattern.exec(text)
    if (found === null) return false
    // A pattern may begin with the end of the line before.
    const at = found.index + Math.max(0, found[0].search(/[^\r\n]/))
    if (at >= end) {
      start = text.lastIndexOf('\n', at - 1) + 1
      end = endOfLine(text, at)
      const behind = behindText(text, start)
      if (behind !== undefined) {
        pattern.lastIndex = behind
        continue
      }
    }
    if (!quotes.areOpen(start, at)) return true
  }
}

/** Where the text of several lines ends that a line is in; undefined: it is in none. */
function behindText(text: string, start: number): number | undefined {
  const block = blockAbove(text, start)
  if (block !== undefined) return endOfBlock(text, start, block)
  return isInQuotes(text, start) ? nextQuoteLine(text, start) : undefined
}

/** Whether quotes that a line opens are open at a place of it. Places come in their order, so a line is looked at once. */
class LineQuotes {
  readonly #text: string
  #at = 0
  #quote = ''

  constructor(text: string) {
    this.#text = text
  }

  areOpen(lineStart: number, place: number): boolean {
    if (lineStart > this.#at) [this.#at, this.#quote] = [lineStart, '']
    for (; this.#at < place; this.#at++) {
      const char = this.#text[this.#at] as string
      if (this.#quote === '') {
        if (isQuote(char) && /[\s:,[{-]/.test(this.#text[this.#at - 1] ?? ' ')) this.#quote = char
      } else if (char === '\\' && this.#quote === '"') this.#at++
      else if (char === this.#quote) this.#quote = ''
    }
    return this.#quote !== ''
  }
}

function isQuote(char: string): boolean {
  return char === '"' || char === "'"
}

/** A line that opens a block scalar: a key or the dash of an item, the sign, nothing behind it. No comment before the sign. */
const blockStart = /^( *(?:-[ \t]+(?![|>]))*)[^#]*(?::|-|[!&][^\s]*)[ \t]+[|>][-+0-9]{0,2}[ \t\r]*$/

/** The column that the lines of a block scalar are indented beyond, for the line that begins at `start`; undefined: it is in none. */
function blockAbove(text: string, start: number): number | undefined {
  const indent = indentOf(text, start)
  let outer = indent
  // A text may begin with an empty line, whose end is at 0: nothing is above it.
  for (let end = start - 1; end > 0 && outer > 0; ) {
    const above = text.lastIndexOf('\n', end - 1) + 1
    const own = indentOf(text, above)
    if (own < outer && !isEmptyAt(text, above + own)) {
      const column = blockStart.exec(text.slice(above, end))?.[1]?.length
      if (column !== undefined && column < indent) return column
      outer = own
    }
    end = above - 1
  }
  return undefined
}

/** Where the block scalar ends that the line at `start` is in. */
function endOfBlock(text: string, start: number, column: number): number {
  for (let at = endOfLine(text, start); ; at = endOfLine(text, at)) {
    const indent = indentOf(text, at)
    if (at >= text.length || (indent <= column && !isEmptyAt(text, at + indent))) return at
  }
}

/** Where the next line begins. */
function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end < 0 ? text.length : end + 1
}

function isEmptyAt(text: string, at: number): boolean {
  return at >= text.length || text[at] === '\n' || text[at] === '\r'
}

/** A line with a double quote that it does not close. */
const quoteStart = /^[^"'#]*(?:^|[:[{,-])[ \t]*"(?:[^"\\]|\\.)*$/

/** Whether the line that begins at `start` goes on with a double-quoted scalar that a line above it opens. */
function isInQuotes(text: string, start: number): boolean {
  const indent = indentOf(text, start)
  for (let end = start - 1; end > 0; ) {
    const above = text.lastIndexOf('\n', end - 1) + 1
    const line = text.slice(above, end)
    if (line.includes('"')) return indentOf(text, above) <= indent && quoteStart.test(line)
    end = above - 1
  }
  return false
}

/** Where the next line begins that may close the quotes. */
function nextQuoteLine(text: string, start: number): number {
  const next = endOfLine(text, start)
  const quote = text.indexOf('"', next)
  return quote < 0 ? text.length : Math.max(next, text.lastIndexOf('\n', quote) + 1)
}

function indentOf(text: string, start: number): number {
  let at = start
  while (text[at] === ' ') at++
  return at - start
}
