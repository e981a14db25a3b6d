import jsonpatch from 'fast-json-patch'
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  stringify,
  visit,
  type YAMLMap,
  type YAMLSeq
} from 'yaml'
import type { PatchOperation } from '../lib/json/patch.ts'
import { tokensOf } from '../lib/json/pointer.ts'
import { parseAsWritten, readSlow } from './go-yaml-reader.ts'
import { plainScalar } from './kubectl-scalars.ts'

/** A piece of the text to put something else in the place of. */
interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/**
 * The text with the operations applied where they belong, everything else left byte for byte as it is: comments, order,
 * quotes, indentation. undefined where that cannot be done for sure, as inside an alias.
 */
export function editYaml(text: string, operations: readonly PatchOperation[]): string | undefined {
  return editAtOnce(text, operations) ?? editInTurn(text, operations)
}

/** All operations by the places they have in the text as it is: most do not touch one another. */
function editAtOnce(text: string, operations: readonly PatchOperation[]): string | undefined {
  const root = parseAsWritten(text).contents as Node | null
  const splices: Splice[] = []
  for (const operation of operations) {
    const splice = spliceOf(text, root, operation)
    if (splice === undefined) return undefined
    splices.push(splice)
  }
  splices.sort((a, b) => a.start - b.start)
  const pieces: string[] = []
  let at = 0
  for (const { start, end, text: inserted } of splices) {
    if (start < at) return undefined
    pieces.push(text.slice(at, start), inserted)
    at = end
  }
  const edited = pieces.join('') + text.slice(at)
  return readsAs(edited, text, operations) ? edited : undefined
}

/** One operation after the other, each in the text that the one before has left. */
function editInTurn(text: string, operations: readonly PatchOperation[]): string | undefined {
  if (text.length * operations.length > maxTurns) return undefined
  let edited = text
  for (const operation of operations) {
    const splice = spliceOf(edited, parseAsWritten(edited).contents as Node | null, operation)
    if (splice === undefined) return undefined
    edited = edited.slice(0, splice.start) + splice.text + edited.slice(splice.end)
  }
  return readsAs(edited, text, operations) ? edited : undefined
}

/** Characters read again and again; about a minute. */
const maxTurns = 100_000_000

/** The proof that this and nothing else was changed: what was edited reads as the patched object does. */
function readsAs(edited: string, text: string, operations: readonly PatchOperation[]): boolean {
  const wanted = jsonpatch.applyPatch(readSlow(text).value, structuredClone(operations) as Patch).newDocument
  return JSON.stringify(sorted(readSlow(edited).value)) === JSON.stringify(sorted(wanted))
}

type Patch = Parameters<typeof jsonpatch.applyPatch>[1]

/** Order of keys is not part of a value. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)])
  )
}

function spliceOf(text: string, root: Node | null, operation: PatchOperation): Splice | undefined {
  const tokens = [...tokensOf(operation.path)]
  const last = tokens.pop()
  const holder = nodeAt(root, tokens)
  if (last === undefined || holder === undefined) return undefined
  const editor = new Editor(text)
  if (isMap(holder)) return editor.member(holder, last, operation)
  if (isSeq(holder)) return editor.item(holder, last, operation)
  return undefined
}

/** The node that is written there; undefined where an alias or a merge key leads there. */
function nodeAt(root: Node | null, tokens: readonly string[]): Node | undefined {
  let node: Node | null | undefined = root
  for (const token of tokens) {
    if (isMap(node)) node = pairOf(node, token)?.value as Node | null | undefined
    else if (isSeq(node)) node = node.items[Number(token)] as Node | undefined
    else return undefined
  }
  return node === null || isAlias(node) ? undefined : node
}

function pairOf(map: YAMLMap, key: string): Pair<Node, Node | null> | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.source ?? pair.key.value) === key) as
    | Pair<Node, Node | null>
    | undefined
}

/** Writes values into one text in the style of what stands around them. */
class Editor {
  readonly #text: string
  readonly #newline: string

  constructor(text: string) {
    this.#text = text
    this.#newline = text.includes('\r\n') ? '\r\n' : '\n'
  }

  member(map: YAMLMap, key: string, operation: PatchOperation): Splice | undefined {
    const pair = pairOf(map, key)
    if (operation.op === 'remove')
      return pair === undefined ? undefined : this.#removal(map, pair.key, pair.value ?? pair.key)
    if (pair !== undefined) return this.#valueOf(pair, map, operation.value)
    const written = { [key]: operation.value }
    if (map.flow) return this.#intoFlow(map, flow(written).slice(1, -1).trim(), () => this.#emptyFlow(map, written))
    return this.#after(map, map.items.at(-1)?.value as Node | null, this.#block(written, this.#columnOf(firstKey(map))))
  }

  item(list: YAMLSeq, token: string, operation: PatchOperation): Splice | undefined {
    const item = list.items[Number(token)] as Node | undefined
    if (operation.op === 'remove') return item === undefined ? undefined : this.#removal(list, item, item)
    if (item !== undefined) return this.#overwrite(item, operation.value, this.#columnOf(item.range?.[0] ?? 0))
    if (list.flow) return this.#intoFlow(list, flow(operation.value), () => this.#emptyFlow(list, [operation.value]))
    const last = list.items.at(-1) as Node | undefined
    if (last === undefined) return undefined
    return this.#after(list, last, this.#block([operation.value], this.#columnOf(this.#dashOf(last))))
  }

  /** Puts the value in the place of the pair's. */
  #valueOf(pair: Pair<Node, Node | null>, map: YAMLMap, value: unknown): Splice | undefined {
    const { key, value: old } = pair
    if (map.flow) return old === null ? undefined : this.#replace(old, flow(value))
    const column = this.#columnOf(key.range?.[0] ?? 0)
    const isInline = typeof value !== 'object' || value === null
    const colon = this.#text.indexOf(':', key.range?.[1])
    const end = this.#contentEnd(old) ?? colon + 1
    const isBlock = old !== null && !isScalar(old) && !(old as YAMLMap).flow
    if (isBlock && !isInline) {
      const start = old.range?.[0] ?? 0
      return { start, end, text: this.#block(value, this.#columnOf(start)).trimStart() }
    }
    if (isBlock) return { start: colon + 1, end, text: ` ${flow(value)}` }
    if (isInline) return { start: colon + 1, end, text: ` ${flow(value)}` }
    return { start: colon + 1, end, text: this.#newline + this.#block(value, column + indentStep) }
  }

  /** Where what a node says ends; empty values have no place of their own. */
  #contentEnd(node: Node | null): number | undefined {
    const [start, end] = node?.range ?? [0, 0]
    if (node === null || start === end) return undefined
    return start + this.#text.slice(start, end).trimEnd().length
  }

  #overwrite(node: Node, value: unknown, column: number): Splice {
    const [start] = node.range ?? [0]
    const end = this.#contentEnd(node) ?? start
    const isFlow = (node as YAMLMap).flow || isScalar(node)
    return { start, end, text: isFlow ? flow(value) : this.#block(value, column).trimStart() }
  }

  #replace(node: Node, text: string): Splice {
    return { start: node.range?.[0] ?? 0, end: this.#contentEnd(node) ?? node.range?.[0] ?? 0, text }
  }

  /** Behind the last member of a flow collection. */
  #intoFlow(node: YAMLMap | YAMLSeq, text: string, whenEmpty: () => Splice | undefined): Splice | undefined {
    const last = node.items.at(-1)
    if (last === undefined) return whenEmpty()
    let at = (node.range?.[1] ?? 0) - 1
    while (/\s/.test(this.#text[at - 1] ?? '')) at--
    return { start: at, end: at, text: this.#text[at - 1] === ',' ? ` ${text}` : `, ${text}` }
  }

  /** `resources: {}` becomes a block where the line above it is one. */
  #emptyFlow(node: YAMLMap | YAMLSeq, value: unknown): Splice | undefined {
    const [start, end] = node.range ?? [0, 0]
    const lineStart = this.#text.lastIndexOf('\n', start - 1) + 1
    const before = this.#text.slice(lineStart, start)
    const key = /^([\s-]*)[^\s:{[]+: *$/.exec(before)
    if (key === null) return { start, end, text: flow(value) }
    const column = (key[1] ?? '').length + indentStep
    return { start: lineStart + before.trimEnd().length, end, text: this.#newline + this.#block(value, column) }
  }

  /** In new lines behind the last member of a block. */
  #after(holder: YAMLMap | YAMLSeq, last: Node | null | undefined, text: string): Splice {
    const end = this.#contentEnd(last ?? null) ?? this.#contentEnd(holder) ?? 0
    const newline = this.#text.indexOf('\n', end)
    if (newline < 0) return { start: this.#text.length, end: this.#text.length, text: this.#newline + text }
    const at = this.#text[newline - 1] === '\r' ? newline - 1 : newline
    return { start: at, end: at, text: this.#newline + text }
  }

  /** The whole lines of a member of a block. */
  #removal(holder: YAMLMap | YAMLSeq, from: Node, to: Node): Splice | undefined {
    if (holder.flow || holder.items.length < 2) return undefined
    const first = isSeq(holder) ? this.#dashOf(from) : (from.range?.[0] ?? 0)
    const start = this.#text.lastIndexOf('\n', first) + 1
    // `- name: x` is the first member of the item before it: taking its line would take the dash.
    if (this.#text.slice(start, first).trim() !== '') return undefined
    const newline = this.#text.indexOf('\n', this.#contentEnd(to) ?? first)
    return { start, end: newline < 0 ? this.#text.length : newline + 1, text: '' }
  }

  #dashOf(item: Node): number {
    return this.#text.lastIndexOf('-', (item.range?.[0] ?? 0) - 1)
  }

  #columnOf(at: number): number {
    return at - (this.#text.lastIndexOf('\n', at - 1) + 1)
  }

  #block(value: unknown, column: number): string {
    const indent = ' '.repeat(column)
    return stringify(value, styles)
      .trimEnd()
      .split('\n')
      .map((line) => indent + line)
      .join(this.#newline)
  }
}

/** Spaces a new level is indented by. */
const indentStep = 2

/** YAML 1.1, so that text which kubectl would read as something else is quoted. */
const styles = { version: '1.1', lineWidth: 0, indentSeq: false } as const

function firstKey(map: YAMLMap): number {
  return (map.items[0]?.key as Node | undefined)?.range?.[0] ?? 0
}

/** On one line; scalars as they are in a block. */
function flow(value: unknown): string {
  return stringify(value, { ...styles, collectionStyle: 'flow', flowCollectionPadding: false }).trim()
}

/** JSON in the indentation it has, or on the one line it is. */
export function editJson(text: string, operations: readonly PatchOperation[]): string {
  const value = jsonpatch.applyPatch(JSON.parse(text), structuredClone(operations) as Patch).newDocument
  const indent = /^\s*\{\r?\n([ \t]+)/.exec(text)?.[1]
  const written = JSON.stringify(value, null, indent)
  return text.endsWith('\n') ? `${written}\n` : written
}

/**
 * Written anew as a whole, comments and order kept, spacing not: for what stands behind an alias, which is written out
 * there, so that nothing changes in its other places. undefined where a merge key would have to be taken apart.
 */
export function rewriteYaml(text: string, operations: readonly PatchOperation[]): string | undefined {
  const document = parseAsWritten(text)
  for (const operation of operations) {
    const tokens = [...tokensOf(operation.path)]
    const last = tokens.pop() as string
    const holder = ownNodeAt(document, tokens)
    if (!isMap(holder) && !isSeq(holder)) return undefined
    const key = isSeq(holder) ? (last === '-' ? holder.items.length : Number(last)) : last
    if (operation.op === 'remove') holder.delete(key)
    else holder.set(key, nodeOf(document, operation.value))
  }
  const edited = document.toString({ lineWidth: 0 })
  return readsAs(edited, text, operations) ? edited : undefined
}

type ParsedDocument = ReturnType<typeof parseAsWritten>

/** The node there, aliases on the way replaced by copies of what they stand for. */
function ownNodeAt(document: ParsedDocument, tokens: readonly string[]): Node | undefined {
  let node = document.contents as Node | null
  for (const token of tokens) {
    const pair = isMap(node) ? pairOf(node, token) : undefined
    const items = isSeq(node) ? node.items : undefined
    const next = (pair?.value ?? items?.[Number(token)]) as Node | null | undefined
    if (next === undefined || next === null) return undefined
    node = isAlias(next) ? copyOf(document, next) : next
    if (pair !== undefined) pair.value = node
    else if (items !== undefined) items[Number(token)] = node
  }
  return node ?? undefined
}

function copyOf(document: ParsedDocument, alias: Alias): Node {
  const copy = alias.resolve(document)?.clone() as Node
  visit(copy, {
    Node: (_key, node) => {
      if (!isAlias(node)) delete (node as Scalar).anchor
    }
  })
  return copy
}

/** The schema of the document knows text only, so text that means something else has to be quoted here. */
function nodeOf(document: ParsedDocument, value: unknown): Node {
  const node = document.createNode(value)
  visit(node, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === 'string' && plainScalar(scalar.value) !== scalar.value) scalar.type = 'QUOTE_DOUBLE'
    }
  })
  return node
}
