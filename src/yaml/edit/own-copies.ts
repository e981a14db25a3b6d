import { type Alias, type Document, isAlias, isMap, isSeq, type Node, type Scalar, visit, type YAMLMap } from 'yaml'
import { isSame } from '../../lib/json/deep-equal.ts'
import { parseAsWritten, readSlow } from '../go-yaml-reader.ts'
import { type Splice, spliced } from './splice.ts'
import { pairOf } from './yaml-nodes.ts'
import { flowText } from './yaml-text.ts'

/** Aliases in aliases; people write one. Own choice. */
const maxRounds = 8

/**
 * The text with a copy in the place of each alias that a change would reach: those on the way to a changed place, and
 * those of anchors on the way, which would change along. It reads as before. undefined where that cannot be had.
 */
export function withOwnCopies(text: string, paths: readonly (readonly string[])[]): string | undefined {
  let copied = text
  for (let round = 0; round < maxRounds; round++) {
    const document = parseAsWritten(copied)
    const splices = [...aliasesReached(document, paths)].map((alias) => copyOf(copied, document, alias))
    if (splices.length === 0) return isSame(readSlow(copied).value, readSlow(text).value) ? copied : undefined
    if (!splices.every((splice) => splice !== undefined)) return undefined
    const next = spliced(copied, splices)
    if (next === undefined) return undefined
    copied = next
  }
  return undefined
}

function aliasesReached(document: Document.Parsed, paths: readonly (readonly string[])[]): Set<Alias> {
  const reached = new Set<Alias>()
  const anchors = new Set<string>()
  for (const tokens of paths) {
    let node = document.contents as Node | null | undefined
    for (const token of [...tokens.slice(0, -1), undefined]) {
      if (isAlias(node)) reached.add(node)
      const { anchor } = (node ?? {}) as Scalar
      if (anchor !== undefined) anchors.add(anchor)
      if (token === undefined) break
      if (isMap(node)) node = pairOf(node, token)?.value as Node | null | undefined
      else node = isSeq(node) ? (node.items[Number(token)] as Node | undefined) : undefined
    }
  }
  visit(document, {
    Alias(_key, alias) {
      if (anchors.has(alias.source)) reached.add(alias)
    }
  })
  return reached
}

/** The text of what an alias stands for, laid out for the alias's own place. */
function copyOf(text: string, document: Document.Parsed, alias: Alias): Splice | undefined {
  const target = alias.resolve(document)
  const [start, end] = alias.range ?? [0, 0]
  if (target === undefined) return undefined
  const isBlock = (isMap(target) || isSeq(target)) && target.flow !== true
  if (!isBlock) return { start, end, text: written(text, target as Node) }
  if (isInFlow(document, alias)) return { start, end, text: flowText(readSlow(written(text, target)).value) }
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const before = text.slice(lineStart, start)
  // `- *x` and `- - *x`: the copy stands in the column of the alias. Behind a key it gets lines of its own.
  const isItem = /^[\s-]*$/.test(before)
  const column = isItem ? start - lineStart : columnOfKey(before) + 2
  const from = columnOf(text, target.range?.[0] ?? 0)
  const lines = written(text, target)
    .split('\n')
    .map((line, i) => (i === 0 || line.trim() === '' ? line : moved(line, column - from)))
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  if (isItem) return { start, end, text: lines.join('\n') }
  const lineEnd = endOfLine(text, end)
  const comment = text.slice(end, lineEnd).trimEnd()
  const head = comment === '' ? '' : ` ${comment.trimStart()}`
  return {
    start: start - (before.length - before.trimEnd().length),
    end: comment === '' ? end : end + comment.length,
    text: `${head}${newline}${' '.repeat(column)}${lines.join('\n')}`
  }
}

/** What a node says, without the anchors in it: a second one of a name would change what later aliases mean. */
function written(text: string, node: Node): string {
  const [start, end] = node.range ?? [0, 0]
  const splices: Splice[] = []
  visit(node as YAMLMap, {
    Node(_key, inner) {
      const { anchor } = inner as Scalar
      if (anchor === undefined || isAlias(inner) || inner === node) return
      const at = text.lastIndexOf(`&${anchor}`, inner.range?.[0] ?? 0)
      const after = at + anchor.length + 1
      splices.push({ start: at - start, end: (text[after] === ' ' ? after + 1 : after) - start, text: '' })
    }
  })
  return (spliced(text.slice(start, end), splices) ?? '').trimEnd()
}

function moved(line: string, by: number): string {
  if (by >= 0) return ' '.repeat(by) + line
  return line.slice(Math.min(-by, line.length - line.trimStart().length))
}

function isInFlow(document: Document.Parsed, alias: Alias): boolean {
  let isFlow = false
  visit(document, {
    Alias(_key, node, path) {
      if (node !== alias) return undefined
      isFlow = path.some((above) => (above as YAMLMap).flow === true)
      return visit.BREAK
    }
  })
  return isFlow
}

/** Column of the key on a line that may begin with dashes. */
function columnOfKey(before: string): number {
  return /^[\s-]*/.exec(before)?.[0].length ?? 0
}

function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf('\n', at - 1) + 1)
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from)
  return newline < 0 ? text.length : newline
}
