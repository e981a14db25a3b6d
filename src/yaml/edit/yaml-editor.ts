import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml'
import type { PatchOperation } from '../../lib/json/patch.ts'
import type { Splice } from './splice.ts'
import { pairOf } from './yaml-nodes.ts'
import { blockText, flowText, indentStep } from './yaml-text.ts'

/** Writes values into one text, in the style of their surroundings. */
export class YamlEditor {
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
    if (map.flow) return this.#intoFlow(map, flowText(written).slice(1, -1).trim(), () => this.#emptyFlow(map, written))
    return this.#after(map, map.items.at(-1)?.value as Node | null, this.#block(written, this.#columnOf(firstKey(map))))
  }

  item(list: YAMLSeq, token: string, operation: PatchOperation): Splice | undefined {
    const item = list.items[Number(token)] as Node | undefined
    if (operation.op === 'remove') return item === undefined ? undefined : this.#removal(list, item, item)
    if (item !== undefined) return this.#overwrite(item, operation.value, this.#columnOf(item.range?.[0] ?? 0))
    if (list.flow)
      return this.#intoFlow(list, flowText(operation.value), () => this.#emptyFlow(list, [operation.value]))
    const last = list.items.at(-1) as Node | undefined
    if (last === undefined) return undefined
    return this.#after(list, last, this.#block([operation.value], this.#columnOf(this.#dashOf(last))))
  }

  /** Puts the value in the place of the pair's. */
  #valueOf(pair: Pair<Node, Node | null>, map: YAMLMap, value: unknown): Splice | undefined {
    const { key, value: old } = pair
    if (map.flow) return old === null ? undefined : this.#replace(old, flowText(value))
    const column = this.#columnOf(key.range?.[0] ?? 0)
    const isInline = typeof value !== 'object' || value === null || Object.keys(value).length === 0
    const colon = this.#text.indexOf(':', key.range?.[1])
    const end = this.#contentEnd(old) ?? colon + 1
    const isBlock = old !== null && !isScalar(old) && !(old as YAMLMap).flow
    if (isBlock && !isInline) {
      const start = old.range?.[0] ?? 0
      return { start, end, text: this.#block(value, this.#columnOf(start)).trimStart() }
    }
    if (isInline) return { start: colon + 1, end, text: ` ${flowText(value)}` }
    return this.#onOwnLines(colon + 1, end, value, column + indentStep)
  }

  /** A value on lines of its own in place of one on the line of its key, whose comment stays there. */
  #onOwnLines(start: number, end: number, value: unknown, column: number): Splice {
    const text = this.#newline + this.#block(value, column)
    const comment = /^[ \t]+#[^\r\n]*/.exec(this.#text.slice(end))?.[0]
    if (comment === undefined) return { start, end, text }
    return { start, end: end + comment.length, text: comment + text }
  }

  /** The offset where the text of a node ends; undefined for an empty value, which has no place of its own. */
  #contentEnd(node: Node | null): number | undefined {
    const [start, end] = node?.range ?? [0, 0]
    if (node === null || start === end) return undefined
    return start + this.#text.slice(start, end).trimEnd().length
  }

  #overwrite(node: Node, value: unknown, column: number): Splice {
    const [start] = node.range ?? [0]
    const end = this.#contentEnd(node) ?? start
    const isFlow = (node as YAMLMap).flow || isScalar(node)
    return { start, end, text: isFlow ? flowText(value) : this.#block(value, column).trimStart() }
  }

  #replace(node: Node, text: string): Splice {
    return { start: node.range?.[0] ?? 0, end: this.#contentEnd(node) ?? node.range?.[0] ?? 0, text }
  }

  /** Behind the last member of a flow collection. */
  #intoFlow(node: YAMLMap | YAMLSeq, text: string, whenEmpty: () => Splice | undefined): Splice | undefined {
    const last = node.items.at(-1)
    if (last === undefined) return whenEmpty()
    const value = (isSeq(node) ? last : (last as Pair).value) as Node | null
    // Not before the bracket: a comment may stand there. A value that is not written ends in front of it.
    let at = this.#contentEnd(value) ?? (node.range?.[1] ?? 0) - 1
    while (/\s/.test(this.#text[at - 1] ?? '')) at--
    return { start: at, end: at, text: this.#text[at - 1] === ',' ? ` ${text}` : `, ${text}` }
  }

  /** `resources: {}` becomes a block where the line above it is one. */
  #emptyFlow(node: YAMLMap | YAMLSeq, value: unknown): Splice | undefined {
    const [start, end] = node.range ?? [0, 0]
    const lineStart = this.#text.lastIndexOf('\n', start - 1) + 1
    const before = this.#text.slice(lineStart, start)
    const key = /^([\s-]*)[^\s:{[]+: *$/.exec(before)
    if (key === null) return { start, end, text: flowText(value) }
    const column = (key[1] ?? '').length + indentStep
    return this.#onOwnLines(lineStart + before.trimEnd().length, end, value, column)
  }

  /** In new lines behind the last member of a block. */
  #after(holder: YAMLMap | YAMLSeq, last: Node | null | undefined, text: string): Splice {
    const kept = keptLinesEnd(last ?? null)
    // Line ends at the end of a `|+` belong to its value.
    if (kept !== undefined && this.#text[kept - 1] === '\n') {
      return { start: kept, end: kept, text: text + this.#newline }
    }
    const end = this.#contentEnd(last ?? null) ?? this.#contentEnd(holder) ?? 0
    const newline = this.#text.indexOf('\n', end)
    if (newline < 0) return { start: this.#text.length, end: this.#text.length, text: this.#newline + text }
    const at = this.#text[newline - 1] === '\r' ? newline - 1 : newline
    return { start: at, end: at, text: this.#newline + text }
  }

  /** The whole lines of a member of a block, or a member of a flow collection with its comma. */
  #removal(holder: YAMLMap | YAMLSeq, from: Node, to: Node): Splice | undefined {
    if (holder.flow) return this.#flowRemoval(holder, from, to)
    const first = isSeq(holder) ? this.#dashOf(from) : (from.range?.[0] ?? 0)
    const start = this.#text.lastIndexOf('\n', first) + 1
    // `- name: x` is the first member of the item before it: taking its line would take the dash.
    if (this.#text.slice(start, first).trim() !== '') return this.#firstRemoval(holder, first)
    const newline = this.#text.indexOf('\n', this.#contentEnd(to) ?? first)
    return { start, end: newline < 0 ? this.#text.length : newline + 1, text: '' }
  }

  /** The next member moves up to the dash. undefined where that would take a comment along. */
  #firstRemoval(holder: YAMLMap | YAMLSeq, first: number): Splice | undefined {
    const next = holder.items[1]
    const node = (isSeq(holder) ? next : (next as Pair | undefined)?.key) as Node | undefined
    if (node === undefined) return undefined
    const end = isSeq(holder) ? this.#dashOf(node) : (node.range?.[0] ?? 0)
    return this.#text.slice(first, end).includes('#') ? undefined : { start: first, end, text: '' }
  }

  #flowRemoval(holder: YAMLMap | YAMLSeq, from: Node, to: Node): Splice | undefined {
    const nodes = holder.items.map((item) =>
      isSeq(holder) ? [item, item] : [(item as Pair).key, (item as Pair).value]
    )
    const at = nodes.findIndex(([key]) => key === from)
    const before = nodes[at - 1] as [Node, Node | null] | undefined
    const after = nodes[at + 1] as [Node, Node | null] | undefined
    const start = before === undefined ? from.range?.[0] : (this.#contentEnd(before[1]) ?? before[0].range?.[1])
    const end = before === undefined ? after?.[0].range?.[0] : (this.#contentEnd(to) ?? to.range?.[1])
    if (start === undefined || end === undefined || this.#text.slice(start, end).includes('#')) return undefined
    return { start, end, text: '' }
  }

  #dashOf(item: Node): number {
    return this.#text.lastIndexOf('-', (item.range?.[0] ?? 0) - 1)
  }

  #columnOf(at: number): number {
    return at - (this.#text.lastIndexOf('\n', at - 1) + 1)
  }

  #block(value: unknown, column: number): string {
    return blockText(value, column, this.#newline)
  }
}

/** Where the last scalar inside ends if it keeps all line ends behind it, as `|+` does. */
function keptLinesEnd(node: Node | null): number | undefined {
  if (isMap(node)) return keptLinesEnd(node.items.at(-1)?.value as Node | null)
  if (isSeq(node)) return keptLinesEnd(node.items.at(-1) as Node | null)
  if (!isScalar(node)) return undefined
  const { type, range, source } = node as Scalar
  const isBlock = type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED'
  return isBlock && source?.endsWith('\n\n') === true ? range?.[1] : undefined
}

function firstKey(map: YAMLMap): number {
  return (map.items[0]?.key as Node | undefined)?.range?.[0] ?? 0
}
