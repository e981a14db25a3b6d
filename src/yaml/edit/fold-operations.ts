import type { PatchOperation } from '../../lib/json/patch.ts'
import { tokensOf } from '../../lib/json/pointer.ts'
import { isRecord } from '../../lib/json/shape.ts'

/**
 * The same operations with members that are added to one empty object made into one: it is written anew as a whole, so
 * that they do not meet in the text. `value` is what they apply to.
 */
export function foldedIntoEmpty(value: unknown, operations: readonly PatchOperation[]): readonly PatchOperation[] {
  // An element that goes moves those behind it: from there on, paths do not lead where they do in `value`.
  if (operations.some(({ op }) => op === 'remove')) return operations
  const folded = new Map<string, PatchOperation>()
  const kept: PatchOperation[] = []
  for (const operation of operations) {
    const slash = operation.path.lastIndexOf('/')
    const parent = operation.path.slice(0, slash)
    if (operation.op !== 'add' || parent === '' || !isEmptyObject(at(value, parent))) {
      kept.push(operation)
      continue
    }
    const held = folded.get(parent)
    const key = tokensOf(operation.path.slice(slash))[0] as string
    const members = held !== undefined && held.op !== 'remove' ? (held.value as object) : {}
    const replaced: PatchOperation = { op: 'replace', path: parent, value: { ...members, [key]: operation.value } }
    if (held === undefined) kept.push(replaced)
    else kept[kept.indexOf(held)] = replaced
    folded.set(parent, replaced)
  }
  return kept
}

function at(value: unknown, pointer: string): unknown {
  let inner = value
  for (const token of tokensOf(pointer)) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, token)) return undefined
    inner = (inner as Record<string, unknown>)[token]
  }
  return inner
}

function isEmptyObject(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0
}
