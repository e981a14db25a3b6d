import jsonpatch from 'fast-json-patch'
import { isSame } from '../../lib/json/deep-equal.ts'
import type { PatchOperation } from '../../lib/json/patch.ts'
import { readSlow } from '../go-yaml-reader.ts'

/** The proof that an edit changed this and nothing else: the edited text reads as the patched object does. */
export function readsAs(edited: string, text: string, operations: readonly PatchOperation[]): boolean {
  return isSame(readSlow(edited).value, patched(readSlow(text).value, operations))
}

/** The value with the operations applied. */
export function patched(value: unknown, operations: readonly PatchOperation[]): unknown {
  return jsonpatch.applyPatch(value, structuredClone(operations) as Patch).newDocument
}

type Patch = Parameters<typeof jsonpatch.applyPatch>[1]
