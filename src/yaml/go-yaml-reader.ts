import {
  type Document,
  isAlias,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLParseError,
  type YAMLSeq
} from 'yaml'
import type { PlacedNode } from './js-yaml-reader.ts'
import { plainScalar, taggedScalar } from './kubectl-scalars.ts'
import { type Mistake, repeated } from './mistake.ts'
import { plainMistake } from './mistakes/plain-mistake.ts'
import { tabMistake } from './mistakes/tab-mistake.ts'

export interface SlowDocument {
  /** undefined where the document holds nothing or cannot be read. */
  readonly value: unknown
  readonly mistakes: readonly Mistake[]
  readonly places: PlacedNode | undefined
}

/** Nodes after aliases are written out: as much as a request of 3 MiB could hold. Stops a document that multiplies itself. */
const maxNodes = 1_500_000

const longTag = 'tag:yaml.org,2002:'

/** How often a text is parsed anew with one line end less, and characters that this may take. Own choice. */
const [maxJoins, maxJoined] = [64, 16 * 1024 * 1024]

/**
 * Parses without interpreting scalars: what a value means is decided in this file. In brackets go-yaml does not look at
 * indentation, as of `]}` at the start of a line: there the line is taken for a part of the one before, so places stay.
 */
export function parseAsWritten(text: string): Document.Parsed {
  let joined = text
  let document = parsed(text)
  for (let joins = 1; joins <= maxJoins && joins * text.length <= maxJoined; joins++) {
    const next = document.errors.length === 0 ? undefined : withoutBreak(joined, document.errors[0] as YAMLParseError)
    if (next === undefined) break
    joined = next
    document = parsed(joined)
  }
  return document
}

/** The text with spaces for the line end before a place in brackets that is not indented enough; undefined where it is not that, or that cannot be told. */
function withoutBreak(text: string, { code, message, pos }: YAMLParseError): string | undefined {
  if (code !== 'BAD_INDENT' || !message.startsWith('Flow ')) return undefined
  const lineStart = text.lastIndexOf('\n', pos[0] - 1) + 1
  if (lineStart === 0 || text.slice(lineStart, pos[0]).trim() !== '') return undefined
  const last = text.slice(0, lineStart).trimEnd().length
  const above = text.lastIndexOf('\n', last - 1) + 1
  const line = text.slice(above, last)
  const comment = line.search(/(^|[ \t])#/)
  // In quotes it may be none.
  if (comment >= 0 && /["']/.test(line)) return undefined
  const end = comment < 0 ? last : above + comment
  return text.slice(0, end) + ' '.repeat(lineStart - end) + text.slice(lineStart)
}

function parsed(text: string): Document.Parsed {
  return parseDocument(text, {
    schema: 'failsafe',
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
    logLevel: 'silent'
  })
}

/**
 * Reads one document node by node, with a place for each: as go-yaml v2 does, with aliases written out, merge keys
 * in their order (a later one wins, unlike YAML's own rule), and the last of duplicate keys.
 */
export function readSlow(text: string): SlowDocument {
  const document = parseAsWritten(text)
  const [error] = document.errors
  const mistake =
    error === undefined
      ? tabMistake(document, text)
      : { message: plainMistake(error.message), at: error.pos[0], isReadable: false }
  if (mistake !== undefined) return { value: undefined, mistakes: [mistake], places: undefined }
  const reader = new Reader(text)
  try {
    const { value, place } = reader.read(document.contents as Node | null)
    return { value: value ?? undefined, mistakes: reader.mistakes, places: place }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    const mistake = { message: error.message, at: error.at, isReadable: false }
    return { value: undefined, mistakes: [...reader.mistakes, mistake], places: undefined }
  }
}

/** What stands before an escape that needs-slow.ts looks for, too. */
const beforeSurrogate = /^(?:[^\\]|\\(?!(?:u|U0000)[dD][89a-fA-F]|U(?!00(?:0[\da-fA-F]|10)))[\s\S])*/

class Unreadable extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

interface Read {
  readonly value: unknown
  readonly place: PlacedNode
}

class Reader {
  readonly mistakes: Mistake[] = []
  readonly #anchors = new Map<string, Node>()
  readonly #open = new Set<Node>()
  #nodes = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  read(node: Node | null): Read {
    const at = node?.range?.[0] ?? 0
    if (++this.#nodes > maxNodes) throw new Unreadable('aliases make this document grow out of bounds', at)
    if (node === null) return { value: null, place: leaf(at) }
    if (isAlias(node)) return this.read(this.#target(node.source, at))
    // Registered at every visit: an alias leads here once more, and an anchor inside may have been redefined since.
    const { anchor } = node as Scalar | YAMLMap | YAMLSeq
    if (anchor !== undefined) this.#anchors.set(anchor, node)
    if (isScalar(node)) {
      if (node.type === 'QUOTE_DOUBLE') this.#refuseSurrogates(node.range?.[0] ?? 0, node.range?.[1] ?? 0)
      return { value: scalarOf(node), place: leaf(at) }
    }
    this.#open.add(node)
    const read = isSeq(node) ? this.#sequence(node, at) : this.#mapping(node as YAMLMap, at)
    this.#open.delete(node)
    return read
  }

  /** YAML has 32-bit escapes, so one for half of a pair of UTF-16 is refused (go-yaml scannerc.go). */
  #refuseSurrogates(start: number, end: number): void {
    const [before] = beforeSurrogate.exec(this.#text.slice(start, end)) ?? ['']
    if (start + before.length < end)
      throw new Unreadable('an escape for half of a pair of UTF-16, or for no character', start + before.length)
  }

  #target(source: string, at: number): Node {
    const target = this.#anchors.get(source)
    if (target === undefined) throw new Unreadable(`alias *${source} has no anchor before it in this document`, at)
    if (this.#open.has(target)) throw new Unreadable(`anchor &${source} contains itself`, at)
    return target
  }

  #sequence(node: YAMLSeq, at: number): Read {
    const read = node.items.map((item) => this.read(item as Node | null))
    return {
      value: read.map(({ value }) => value),
      place: { at, members: undefined, items: read.map(({ place }) => place) }
    }
  }

  #mapping(node: YAMLMap, at: number): Read {
    const value: Record<string, unknown> = {}
    const members: NonNullable<PlacedNode['members']> = new Map()
    const seen = new Set<string>()
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const keyAt = pair.key?.range?.[0] ?? at
      if (isMerge(pair.key)) {
        this.#merge(pair.value, keyAt, value, members)
        continue
      }
      const key = this.#key(pair.key, keyAt)
      const inner = this.read(pair.value)
      if (seen.has(key)) this.mistakes.push(repeated(key, keyAt))
      seen.add(key)
      put(value, key, inner.value)
      members.set(key, { keyAt, node: inner.place })
    }
    return { value, place: { at, members, items: undefined } }
  }

  #key(node: Node | null, at: number): string {
    const value = this.read(node).value as string | number | boolean | object | null
    if (value === null) throw new Unreadable('a key is missing, or null', at)
    if (typeof value === 'object') throw new Unreadable('a key is a map or a list; expected text', at)
    return String(value)
  }

  /** Puts in the members of the merged mappings. They overwrite members before the merge key, as in go-yaml v2. */
  #merge(
    node: Node | null,
    at: number,
    value: Record<string, unknown>,
    members: NonNullable<PlacedNode['members']>
  ): void {
    const { value: merged, place } = this.read(node)
    // Of a list the first wins, so it is put in last.
    const sources = Array.isArray(merged)
      ? merged.map((source, i) => [source, place.items?.[i]] as const).reverse()
      : [[merged, place] as const]
    for (const [source, from] of sources) {
      if (typeof source !== 'object' || source === null || Array.isArray(source) || from?.members === undefined)
        throw new Unreadable('<<: expected a mapping or a list of mappings', at)
      for (const key of Object.keys(source)) {
        put(value, key, (source as Record<string, unknown>)[key])
        members.set(key, from.members.get(key) as { keyAt: number; node: PlacedNode })
      }
    }
  }
}

function leaf(at: number): PlacedNode {
  return { at, members: undefined, items: undefined }
}

/** A plain assignment to `__proto__` would set the prototype. */
function put(holder: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(holder, key, { value, configurable: true, enumerable: true, writable: true })
  else holder[key] = value
}

function isMerge(key: Node | null): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN'
}

function scalarOf(node: Scalar): unknown {
  // Not `value`: the package resolves a few tags even under the failsafe schema.
  const text = node.source ?? ''
  const at = node.range?.[0] ?? 0
  const { tag } = node
  if (tag?.startsWith(longTag)) {
    const value = taggedScalar(tag.slice(longTag.length), text)
    if (value === undefined) throw new Unreadable(`${text} is not what its tag says`, at)
    return value
  }
  if (node.type !== 'PLAIN' || tag !== undefined) return text
  try {
    return plainScalar(text)
  } catch (error) {
    throw new Unreadable((error as Error).message, at)
  }
}
