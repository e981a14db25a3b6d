import { isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
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
    const isInline = typeof value !== 'object' || value === null
    const colon = this.#text.indexOf(':', key.range?.[1])
    const end = this.#contentEnd(old) ?? colon + 1
    const isBlock = old !== null && !isScalar(old) && !(old as YAMLMap).flow
    if (isBlock && !isInline) {
      const start = old.range?.[0] ?? 0
      return { start, end, text: this.#block(value, this.#columnOf(start)).trimStart() }
    }
    if (isBlock) return { start: colon + 1, end, text: ` ${flowText(value)}` }
    if (isInline) return { start: colon + 1, end, text: ` ${flowText(value)}` }
    return { start: colon + 1, end, text: this.#newline + this.#block(value, column + indentStep) }
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
    if (key === null) return { start, end, text: flowText(value) }
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
    return blockText(value, column, this.#newline)
  }
}

function firstKey(map: YAMLMap): number {
  return (map.items[0]?.key as Node | undefined)?.range?.[0] ?? 0
}
