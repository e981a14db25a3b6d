import { isMap, isSeq, type Node } from 'yaml'
import type { PatchOperation } from '../../lib/json/patch.ts'
import { tokensOf } from '../../lib/json/pointer.ts'
import { parseAsWritten } from '../go-yaml-reader.ts'
import { readsAs } from './edit-proof.ts'
import { type Splice, spliced } from './splice.ts'
import { YamlEditor } from './yaml-editor.ts'
import { nodeAt } from './yaml-nodes.ts'

/**
 * The text with the operations applied where they belong, everything else left byte for byte as it is: comments, order,
 * quotes, indentation. undefined where that cannot be done for sure, as inside an alias.
 */
export function editYaml(text: string, operations: readonly PatchOperation[]): string | undefined {
  return editAtOnce(text, operations) ?? editInTurn(text, operations)
}

/** Makes all operations at once, at the places they have in the text as it is: most of them do not touch one another. */
function editAtOnce(text: string, operations: readonly PatchOperation[]): string | undefined {
  const root = parseAsWritten(text).contents as Node | null
  const splices: Splice[] = []
  for (const operation of operations) {
    const splice = spliceOf(text, root, operation)
    if (splice === undefined) return undefined
    splices.push(splice)
  }
  const edited = spliced(text, splices)
  return edited !== undefined && readsAs(edited, text, operations) ? edited : undefined
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

/** Characters that are parsed again in all turns together; about a minute. */
const maxTurns = 100_000_000

function spliceOf(text: string, root: Node | null, operation: PatchOperation): Splice | undefined {
  const tokens = [...tokensOf(operation.path)]
  const last = tokens.pop()
  const holder = nodeAt(root, tokens)
  if (last === undefined || holder === undefined) return undefined
  const editor = new YamlEditor(text)
  if (isMap(holder)) return editor.member(holder, last, operation)
  if (isSeq(holder)) return editor.item(holder, last, operation)
  return undefined
}
