import type { PlacedNode } from './js-yaml-reader.ts'
import { plainScalar } from './kubectl-scalars.ts'
import { BlockText, notPlain, plainKey } from './plain-scalars.ts'

/**
 * Reads manifests that are written as nearly all are: block mappings and lists, scalars of any style, flow collections on one line.
 * Gives undefined for any other document, which js-yaml then reads; what it gives is what js-yaml gives with the schema of
 * js-yaml-reader.ts, and a test compares the two. It takes two thirds of the processor time for 1,000 manifests of 5 KB, compiling
 * included, and half of it for places (bench/README.md): js-yaml tries every kind of node at each place, and copies its state.
 */
export function readPlainManifest(text: string): object | undefined {
  return read(text, undefined)
}

/** The places in a document that `readPlainManifest` reads; undefined for any other. */
export function plainPlaces(text: string): PlacedNode | undefined {
  const root = nodeAt(0)
  return read(text, root) === undefined ? undefined : root
}

function read(text: string, root: PlacedNode | undefined): object | undefined {
  // Tabs and carriage returns, too: they are rare, and have rules of their own.
  if (/[^\n\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/.test(text)) return undefined
  try {
    return new Reader(text).document(root)
  } catch {
    // Not plain, or a number that Kubernetes cannot store: js-yaml says what it is.
    return undefined
  }
}

function nodeAt(at: number): PlacedNode {
  return { at, members: undefined, items: undefined }
}

const [newline, space, quote, apostrophe, comma, dash, colon] = [10, 32, 34, 39, 44, 45, 58] as const
const [greater, openBracket, closeBracket, openBrace, pipe, closeBrace] = [62, 91, 93, 123, 124, 125] as const

/** By code: 1 for the characters of ASCII that fit. */
const tableOf = (fits: RegExp): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, code) => Number(fits.test(String.fromCharCode(code))))

/** What a key without quotes is made of here; it does not begin with a dash. */
const isKeyCharacter = tableOf(/[\w./-]/)
/** What no scalar without quotes begins with here; some of it YAML allows. */
const isIndicator = tableOf(/[?:,[\]{}#&*!|>'"%@`]/)
/** A scalar without quotes in a flow collection. */
const flowScalar = /[\w./](?:[\w./ +=$@-]|:(?=\w))*/y

/** Levels of nesting (a manifest has ten) and characters of a key (YAML allows 1,024); more is js-yaml's. Own choice. */
const [maxDepth, maxKey] = [100, 500] as const

class Reader {
  readonly #text: BlockText
  readonly #source: string
  #depth = 0

  constructor(text: string) {
    this.#text = new BlockText(text.charCodeAt(text.length - 1) === newline ? text : `${text}\n`)
    this.#source = this.#text.source
  }

  document(root: PlacedNode | undefined): object {
    const text = this.#text
    text.nextLine(0)
    if (text.indent !== 0) throw notPlain
    if (root !== undefined) Object.assign(root, { at: text.at })
    const value = this.#mapping(0, root)
    if (text.indent >= 0) throw notPlain
    return value
  }

  /** Whether a dash that makes an item is there. */
  #isItem(at: number): boolean {
    return this.#source.charCodeAt(at) === dash && this.#isBreak(at + 1)
  }

  /** The end of the key at a place, before its colon; -1 where none is. */
  #keyEnd(at: number): number {
    const source = this.#source
    const first = source.charCodeAt(at)
    if (first === quote || first === apostrophe) {
      const end = source.indexOf(first === quote ? '"' : "'", at + 1) + 1
      return end > 0 && source.charCodeAt(end) === colon && this.#isBreak(end + 1) ? end : -1
    }
    if (first === dash) return -1
    for (let i = at; ; i++) {
      const code = source.charCodeAt(i)
      if (code === colon) {
        if (this.#isBreak(i + 1)) return i > at ? i : -1
      } else if (code > 127 || isKeyCharacter[code] === 0) return -1
    }
  }

  #isBreak(at: number): boolean {
    const code = this.#source.charCodeAt(at)
    return code === space || code === newline
  }

  #key(at: number, end: number): string {
    if (end - at > maxKey) throw notPlain
    const first = this.#source.charCodeAt(at)
    if (first !== quote && first !== apostrophe) {
      return plainKey(this.#source, at, end)
    }
    const key = this.#source.slice(at + 1, end - 1)
    if (key.includes('\\') || key.includes('\n')) throw notPlain
    return key
  }

  /** The mapping whose first key is where the text stands, at this column. */
  #mapping(column: number, node: PlacedNode | undefined): object {
    const text = this.#text
    const value: Record<string, unknown> = {}
    const members = node === undefined ? undefined : new Map<string, { keyAt: number; node: PlacedNode }>()
    if (node !== undefined) node.members = members
    if (++this.#depth > maxDepth) throw notPlain
    do {
      const keyAt = text.at
      const end = this.#keyEnd(keyAt)
      if (end < 0) throw notPlain
      const key = this.#key(keyAt, end)
      if (key in value) throw notPlain
      const inner = members === undefined ? undefined : nodeAt(keyAt)
      if (inner !== undefined) members?.set(key, { keyAt, node: inner })
      value[key] = this.#valueBehind(end + 1, column, true, inner)
    } while (text.indent === column && !this.#isItem(text.at))
    if (text.indent > column) throw notPlain
    this.#depth--
    return value
  }

  /** The list whose first dash is where the text stands, at this column. */
  #list(column: number, node: PlacedNode | undefined): unknown[] {
    const text = this.#text
    const value: unknown[] = []
    const items: PlacedNode[] | undefined = node === undefined ? undefined : []
    if (node !== undefined) node.items = items
    if (++this.#depth > maxDepth) throw notPlain
    do {
      const inner = items === undefined ? undefined : nodeAt(0)
      if (inner !== undefined) items?.push(inner)
      value.push(this.#item(text.at + 1, column, inner))
    } while (text.indent === column && this.#isItem(text.at))
    if (text.indent > column) throw notPlain
    this.#depth--
    return value
  }

  #item(behindDash: number, column: number, node: PlacedNode | undefined): unknown {
    const text = this.#text
    const at = text.skipSpaces(behindDash)
    if (text.isLineEnd(at)) {
      const value = this.#valueBehind(behindDash, column, false, node)
      if (value === null) throw notPlain
      return value
    }
    if (node !== undefined) Object.assign(node, { at })
    const isItem = this.#isItem(at)
    if (!isItem && this.#keyEnd(at) < 0) return this.#inline(at, column, node)
    // A collection that begins on the line of the dash has the column it begins at.
    const own = column + (at - behindDash) + 1
    text.at = at
    text.indent = own
    return isItem ? this.#list(own, node) : this.#mapping(own, node)
  }

  /** The value behind a colon or a dash: on the same line, or what is indented below. */
  #valueBehind(from: number, column: number, isMember: boolean, node: PlacedNode | undefined): unknown {
    const text = this.#text
    const at = text.skipSpaces(from)
    if (!text.isLineEnd(at)) return this.#inline(at, column, node)
    text.nextLine(text.lineEnd(at))
    const isItem = text.indent >= 0 && this.#isItem(text.at)
    // The list of a key may begin at the key's own column.
    if (text.indent < column || (text.indent === column && !(isMember && isItem))) return null
    if (node !== undefined && !isMember) Object.assign(node, { at: text.at })
    if (isItem) return this.#list(text.indent, node)
    if (this.#keyEnd(text.at) >= 0) return this.#mapping(text.indent, node)
    const first = this.#source.charCodeAt(text.at)
    if (!isMember || first === pipe || first === greater) throw notPlain
    return this.#inline(text.at, column, node)
  }

  /** A scalar or a flow collection that begins in the middle of a line; then the text stands at the next line. */
  #inline(at: number, column: number, node: PlacedNode | undefined): unknown {
    const text = this.#text
    const first = this.#source.charCodeAt(at)
    if (first === quote || first === apostrophe) return text.quoted(at, column)
    if (first === pipe || first === greater) return text.block(at, column)
    if (first === openBracket || first === openBrace) {
      const value = this.#flow(at, node)
      if (!text.isLineEnd(text.at)) throw notPlain
      text.nextLine(text.lineEnd(text.at))
      return value
    }
    if (isIndicator[first] === 1 || this.#isItem(at)) throw notPlain
    return plainScalar(text.plain(at, column))
  }

  /** A flow collection on one line; then the text stands behind it. */
  #flow(from: number, node: PlacedNode | undefined): unknown {
    const text = this.#text
    const isList = this.#source.charCodeAt(from) === openBracket
    const end = isList ? closeBracket : closeBrace
    const list: unknown[] = []
    const value: Record<string, unknown> = {}
    const items: PlacedNode[] = []
    const members = new Map<string, { keyAt: number; node: PlacedNode }>()
    if (++this.#depth > maxDepth) throw notPlain
    let at = text.skipSpaces(from + 1)
    for (let isFirst = true; this.#source.charCodeAt(at) !== end; isFirst = false) {
      if (!isFirst) {
        if (this.#source.charCodeAt(at) !== comma) throw notPlain
        at = text.skipSpaces(at + 1)
      }
      const inner = nodeAt(at)
      if (isList) {
        list.push(this.#flowNode(at, inner))
        items.push(inner)
      } else {
        const keyEnd = this.#keyEnd(at)
        const key = keyEnd < 0 ? '' : this.#key(at, keyEnd)
        if (keyEnd < 0 || key in value) throw notPlain
        members.set(key, { keyAt: at, node: inner })
        value[key] = this.#flowNode(text.skipSpaces(keyEnd + 1), inner)
      }
      at = text.skipSpaces(text.at)
    }
    text.at = at + 1
    this.#depth--
    if (node !== undefined) Object.assign(node, isList ? { items } : { members })
    return isList ? list : value
  }

  #flowNode(at: number, node: PlacedNode): unknown {
    const first = this.#source.charCodeAt(at)
    if (first === openBracket || first === openBrace) return this.#flow(at, node)
    if (first === quote || first === apostrophe) return this.#text.quotedHere(at)
    flowScalar.lastIndex = at
    const found = flowScalar.exec(this.#source)?.[0]
    if (found === undefined) throw notPlain
    this.#text.at = at + found.length
    return plainScalar(found.trimEnd())
  }
}
