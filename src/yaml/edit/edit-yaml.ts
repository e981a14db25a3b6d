import { isMap, isSeq, type Node } from 'yaml'
import type { PatchOperation } from '../../lib/json/patch.ts'
import { tokensOf } from '../../lib/json/pointer.ts'
import { parseAsWritten, readSlow } from '../go-yaml-reader.ts'
import { readsAs } from './edit-proof.ts'
import { foldedIntoEmpty } from './fold-operations.ts'
import { withOwnCopies } from './own-copies.ts'
import { type Splice, spliced } from './splice.ts'
import { YamlEditor } from './yaml-editor.ts'
import { nodeAt } from './yaml-nodes.ts'

/**
 * The text with the operations applied where they belong, everything else left byte for byte as it is: comments, order,
 * quotes, indentation. Where an alias leads to a place, it is replaced by a copy, so that its other places do not
 * change. undefined where that cannot be done for sure, as behind a merge key.
 */
export function editYaml(text: string, operations: readonly PatchOperation[]): string | undefined {
  const { value } = readSlow(text)
  // The parser that knows places reads a little less than the one that reads values.
  if (value === undefined) return undefined
  const folded = foldedIntoEmpty(value, operations)
  const inPlace = edited(text, folded, text, operations)
  if (inPlace !== undefined || !text.includes('*')) return inPlace
  const copied = withOwnCopies(
    text,
    operations.map(({ path }) => tokensOf(path))
  )
  if (copied === undefined || copied === text) return undefined
  return edited(copied, folded, text, operations)
}

/**
 * At once where that is right, and in turn where it is not: two additions at the end of one inside the other have the same
 * place, as a field of the spec and one of its last container.
 */
function edited(
  from: string,
  folded: readonly PatchOperation[],
  text: string,
  operations: readonly PatchOperation[]
): string | undefined {
  return (
    proven(editAtOnce(from, folded), text, operations) ??
    (operations.length > 1 ? proven(editInTurn(from, folded), text, operations) : undefined)
  )
}

function proven(found: string | undefined, text: string, operations: readonly PatchOperation[]): string | undefined {
  return found !== undefined && readsAs(found, text, operations) ? found : undefined
}

/** Makes all operations at once, at the places they have in the text as it is: most of them do not touch one another. */
function editAtOnce(text: string, operations: readonly PatchOperation[]): string | undefined {
  // An element that goes moves those behind it, so the paths of the others would lead elsewhere.
  if (operations.length > 1 && operations.some(({ op }) => op === 'remove')) return undefined
  const root = parseAsWritten(text).contents as Node | null
  const editor = new YamlEditor(text)
  const splices: Splice[] = []
  for (const operation of operations) {
    const splice = spliceOf(editor, root, operation)
    if (splice === undefined) return undefined
    splices.push(splice)
  }
  return spliced(text, splices)
}

/** One operation after the other, each in the text that the one before has left. */
function editInTurn(text: string, operations: readonly PatchOperation[]): string | undefined {
  if (text.length * operations.length > maxTurns) return undefined
  let edited: string | undefined = text
  for (const operation of operations) {
    if (edited === undefined) return undefined
    edited = editAtOnce(edited, [operation])
  }
  return edited
}

/** Characters that are parsed again in all turns together; about a minute. */
const maxTurns = 100_000_000

function spliceOf(editor: YamlEditor, root: Node | null, operation: PatchOperation): Splice | undefined {
  const tokens = [...tokensOf(operation.path)]
  const last = tokens.pop()
  const holder = nodeAt(root, tokens)
  if (last === undefined || holder === undefined) return undefined
  // A block cannot be empty: what is left without members is written as {} or [].
  const isLast = (isMap(holder) || isSeq(holder)) && holder.items.length === 1
  if (operation.op === 'remove' && isLast && tokens.length > 0) {
    const path = operation.path.slice(0, operation.path.lastIndexOf('/'))
    return spliceOf(editor, root, { op: 'replace', path, value: isMap(holder) ? {} : [] })
  }
  if (isMap(holder)) return editor.member(holder, last, operation)
  if (isSeq(holder)) return editor.item(holder, last, operation)
  return undefined
}
