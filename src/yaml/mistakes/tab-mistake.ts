import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, type Range } from 'yaml'
import type { Mistake } from '../mistake.ts'
import { tabLine } from '../needs-slow.ts'

/** The first tab in a text that another parser has read. */
export function tabMistakeIn(text: string): Mistake | undefined {
  const document = parseDocument(text, {
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent'
  })
  return document.errors.length > 0 ? undefined : tabMistake(document, text)
}

/**
 * The first tab that go-yaml refuses and other parsers take for a space: at the start of a line, but for one in quotes, in
 * brackets, or behind the indentation of a text that goes on. undefined where there is none.
 */
export function tabMistake(document: Document.Parsed, text: string): Mistake | undefined {
  tabLine.lastIndex = 0
  let places: Places | undefined
  for (let found = tabLine.exec(text); found !== null; found = tabLine.exec(text)) {
    const at = found.index + found[0].length - 1
    places ??= new Places(text, document.contents)
    if (!places.takes(at, found[0].length - 1))
      return { message: 'a tab at the start of a line; YAML indents with spaces', at, isReadable: false }
  }
  return undefined
}

interface Span {
  readonly start: number
  readonly end: number
  /** The least column of a tab in it. */
  readonly column: number
}

/** Parts of a text in their order. One within another is left out. */
class Spans {
  readonly #spans: Span[] = []
  #next = 0

  add(span: Span): void {
    if (span.end > (this.#spans.at(-1)?.end ?? -1)) this.#spans.push(span)
  }

  /** The first that ends at `at` or behind it; `at` never goes back. */
  reaching(at: number): Span | undefined {
    while ((this.#spans[this.#next]?.end ?? at) < at) this.#next++
    return this.#spans[this.#next]
  }
}

/** The parts of a document in which a tab may stand at the start of a line. */
class Places {
  readonly #text: string
  /** Texts in quotes, and block scalars. */
  readonly #texts = new Spans()
  readonly #plain = new Spans()
  #asked = 0
  #last = 0
  /** The outermost ones. */
  readonly #flows = new Spans()

  constructor(text: string, root: Node | null) {
    this.#text = text
    this.#add(root, -1)
  }

  /** `column`: of the collection that is written in lines and holds the node; -1 where none does. */
  #add(node: Node | null, column: number): void {
    const range = node?.range as Range | null | undefined
    if (range === null || range === undefined) return
    const [start, end] = range
    if (isScalar(node)) {
      if (node.type === 'PLAIN') this.#plain.add({ start, end, column: column + 1 })
      else if (node.type?.startsWith('QUOTE')) this.#texts.add({ start, end, column: 0 })
      else this.#texts.add({ start, end, column: this.#columnOfBlock(start, column) })
    } else if (isMap(node) || isSeq(node)) {
      if (node.flow === true) this.#flows.add({ start, end, column: 0 })
      const own = node.flow === true ? column : this.#columnOf(start)
      for (const item of node.items) {
        if (isMap(node)) this.#add((item as { key: Node | null }).key, own)
        this.#add(isMap(node) ? (item as { value: Node | null }).value : (item as Node | null), own)
      }
    }
  }

  /** Whether a tab may stand at `at`, in this column. To be asked of places in their order: each part is looked at once. */
  takes(at: number, column: number): boolean {
    const last = this.#lastBefore(at)
    const text = this.#texts.reaching(at + 1)
    if (text !== undefined && text.start < at) return column >= text.column
    const plain = this.#plain.reaching(last)
    if (plain !== undefined && plain.start < last) return column >= plain.column
    const flow = this.#flows.reaching(at + 1)
    return flow !== undefined && flow.start < at
  }

  /** Where the text before `at` ends, without spaces; looked for behind the place that was asked for last. */
  #lastBefore(at: number): number {
    let last = at
    while (last > this.#asked && /\s/.test(this.#text[last - 1] as string)) last--
    if (last > this.#asked) this.#last = last
    this.#asked = at
    return this.#last
  }

  #columnOf(at: number): number {
    return at - this.#text.lastIndexOf('\n', at - 1) - 1
  }

  /** The column that a block scalar has from its first line that is not empty, or says itself; no tab may stand before that line. */
  #columnOfBlock(start: number, outer: number): number {
    const header = this.#text.slice(start, this.#text.indexOf('\n', start))
    const digit = /^[|>][-+]?(\d)/.exec(header)?.[1]
    if (digit !== undefined) return Math.max(outer, 0) + Number(digit)
    const [, spaces = '', first] = /^[^\n]*(?:\n *\r?(?=\n))*\n( *)(.?)/.exec(this.#text.slice(start)) ?? []
    return first === '\t' ? Number.POSITIVE_INFINITY : spaces.length
  }
}
