import { type NowOrLater, whenThere } from '../lib/async/now-or-later.ts'
import { tokensOf } from '../lib/json/pointer.ts'
import { BlockLocator } from './block-locator.ts'
import { type PlacedNode, readPlaces } from './js-yaml-reader.ts'
import { JsonLocator } from './json-locator.ts'
import { needsSlow } from './needs-slow.ts'
import { plainPlaces } from './plain-manifest.ts'
import { aboveDocument, type DocumentValue } from './read-document.ts'
import type { DocumentText } from './split-stream.ts'

/** A place in a file, as editors count: lines and columns from 1, columns in UTF-16 units. */
export interface Spot {
  readonly line: number
  readonly column: number
  /** Units of the word there, at least 1. */
  readonly length: number
  /** The line itself. */
  readonly excerpt: string
}

/**
 * Finds fields of one document, once something is asked: by its lines where they are plain to see, else the text is parsed once
 * more.
 */
export class Locator {
  readonly #document: DocumentText
  readonly #value: DocumentValue
  readonly #text: string
  #json: JsonLocator | undefined
  #block: BlockLocator | undefined
  #root: { readonly places: NowOrLater<PlacedNode | undefined> } | undefined

  constructor(document: DocumentText, value: DocumentValue) {
    this.#document = document
    this.#value = value
    this.#text = document.text.slice(value.start, value.end)
  }

  /** The key or list item that `pointer` names, or of the deepest one above it that is there. */
  spotOf(pointer: string): NowOrLater<Spot> {
    const at = this.#offsetOf(pointer)
    return typeof at === 'number' ? this.#spotAt(at) : at.then((found) => this.#spotAt(found))
  }

  #spotAt(at: number): Spot {
    return spotAt(this.#document, this.#value.start + at + leadOf(this.#text, at))
  }

  #offsetOf(pointer: string): NowOrLater<number> {
    if (this.#value.isJson) {
      this.#json ??= new JsonLocator(this.#text)
      return this.#json.offsetOf(pointer)
    }
    if (this.#block === undefined && this.#root === undefined && !needsSlow(this.#text)) {
      this.#block = new BlockLocator(this.#text)
    }
    const at = this.#block?.offsetOf(pointer)
    if (at !== undefined) return at
    this.#root ??= { places: placesOf(this.#text) }
    return whenThere(this.#root.places, (root) => (root === undefined ? 0 : offsetOf(root, pointer)))
  }
}

/** Comments and empty lines may come before the first key of a document. */
function leadOf(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code > hash && code < 0x7f) return 0
  lead.lastIndex = at
  return lead.exec(text)?.[0].length ?? 0
}

const hash = 0x23
const lead = /(?:\s+|#.*)*/y

function placesOf(text: string): NowOrLater<PlacedNode | undefined> {
  const plain = plainPlaces(text)
  if (plain !== undefined) return plain
  if (!needsSlow(text)) {
    try {
      const places = readPlaces(text)
      if (places !== undefined) return places
    } catch {
      // The other parser reads it: the document was read before, so one of the two can.
    }
  }
  return import('./go-yaml-reader.ts').then(({ readSlow }) => readSlow(text).places)
}

function offsetOf(root: PlacedNode, pointer: string): number {
  let node = root
  let at = root.at
  for (const token of tokensOf(pointer)) {
    const member = node.members?.get(token)
    const next = member?.node ?? node.items?.[Number(token)]
    if (next === undefined) return at
    at = member?.keyAt ?? next.at
    node = next
  }
  return at
}

/** A word: a quoted key, or the text before the next space, final colon or bracket. */
const word = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,{}[\]]+?(?=:(?:\s|$))|[^\s,{}[\]]+)/

/** Longer lines are not shown whole: minified JSON is one line. */
const maxExcerpt = 160

/** The place of an offset in the document's text, or of the line above it. */
export function spotAt(document: DocumentText, at: number): Spot {
  const { text, line } = document
  const lineStarts = lineStartsOf(document)
  if (at === aboveDocument) return { line: line - 1, column: 1, length: 3, excerpt: '---' }
  const index = lastAtMost(lineStarts, at)
  const start = lineStarts[index] ?? 0
  return {
    line: line + index,
    column: at - start + 1,
    length: word.exec(text.slice(at, at + maxExcerpt))?.[0].length ?? 1,
    excerpt: excerptOf(text, start, (lineStarts[index + 1] ?? text.length + 1) - 1)
  }
}

/** The line between two offsets; empty where it is too long. Minified JSON may be one line of many megabytes, asked for often. */
function excerptOf(text: string, start: number, end: number): string {
  const last = text[end - 1] === '\r' && end > start ? end - 1 : end
  return last - start <= maxExcerpt ? text.slice(start, last) : ''
}

/** Where the lines of a document begin; found once, however many places are asked for. */
function lineStartsOf(document: DocumentText): readonly number[] {
  if (last?.document === document) return last.starts
  const { text } = document
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  last = { document, starts }
  return starts
}

/** The document that was asked about last: files are read one document after the other. */
let last: { readonly document: DocumentText; readonly starts: readonly number[] } | undefined

/** Index of the last number that is not above `limit`. */
function lastAtMost(numbers: readonly number[], limit: number): number {
  let low = 0
  let high = numbers.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((numbers[middle] as number) <= limit) low = middle
    else high = middle - 1
  }
  return low
}
