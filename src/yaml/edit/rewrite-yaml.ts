import { type Alias, isAlias, isMap, isSeq, type Node, type Scalar, visit } from 'yaml'
import type { PatchOperation } from '../../lib/json/patch.ts'
import { tokensOf } from '../../lib/json/pointer.ts'
import { parseAsWritten } from '../go-yaml-reader.ts'
import { plainScalar } from '../kubectl-scalars.ts'
import { readsAs } from './edit-proof.ts'
import { pairOf } from './yaml-nodes.ts'

/**
 * The text written again as a whole: comments and order are kept, spacing is not. For values behind an alias: a copy
 * replaces the alias, so that its other places do not change. undefined where a merge key would have to be taken apart.
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

/** The node there; aliases on the way are replaced by copies of their anchors' nodes. */
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
