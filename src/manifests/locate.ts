import { tokensOf } from '../model/pointer.ts'
import { needsSlow, type PlacedNode, readPlaces } from './fast.ts'
import { findPlace } from './find-place.ts'
import { aboveDocument, type DocumentValue } from './read.ts'
import type { DocumentText } from './split.ts'

/** A place in a file, as editors count: lines and columns from 1, columns in UTF-16 units. */
export interface Spot {
  readonly line: number
  readonly column: number
  /** Units of the word there, at least 1. */
  readonly length: number
  /** The line itself. */
  readonly excerpt: string
}

/** Finds fields of one document. Its text is read a second time, with places; only documents with findings are. */
export class Locator {
  readonly #document: DocumentText
  readonly #value: DocumentValue
  #root: Promise<PlacedNode | undefined> | undefined

  constructor(document: DocumentText, value: DocumentValue) {
    this.#document = document
    this.#value = value
  }

  /** The key or list item that `pointer` names, or of the deepest one above it that is there. */
  async spotOf(pointer: string): Promise<Spot> {
    const { value, start, end } = this.#value
    const text = this.#document.text.slice(start, end)
    const found = findPlace(text, value, tokensOf(pointer))
    if (found !== undefined) return spotAt(this.#document, start + found)
    this.#root ??= placesOf(text)
    const root = await this.#root
    const at = start + (root === undefined ? 0 : offsetOf(root, pointer))
    // Comments and empty lines may stand before the first key of a document.
    return spotAt(this.#document, at + (/^(?:\s+|#.*)*/.exec(this.#document.text.slice(at))?.[0].length ?? 0))
  }
}

async function placesOf(text: string): Promise<PlacedNode | undefined> {
  if (!needsSlow(text)) {
    try {
      const places = readPlaces(text)
      if (places !== undefined) return places
    } catch {
      // The other parser has read it, or it would hold nothing to find.
    }
  }
  const { readSlow } = await import('./slow.ts')
  return readSlow(text).places
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

/** A word: a quoted key, or what stands before the next space, colon at its end, or bracket. */
const word = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,{}[\]]+?(?=:(?:\s|$))|[^\s,{}[\]]+)/

/** Longer lines are not shown whole: minified JSON is one line. */
const maxExcerpt = 160

/** The place of an offset in the document's text, or of the line above it. */
export function spotAt({ text, line }: DocumentText, at: number): Spot {
  if (at === aboveDocument) return { line: line - 1, column: 1, length: 3, excerpt: '---' }
  let start = 0
  let lines = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', start)) {
    lines++
    start = end + 1
  }
  const end = text.indexOf('\n', start)
  const whole = text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '')
  return {
    line: line + lines,
    column: at - start + 1,
    length: word.exec(text.slice(at, at + maxExcerpt))?.[0].length ?? 1,
    excerpt: whole.length <= maxExcerpt ? whole : ''
  }
}
