import type { PatchOperation } from '../../lib/json/patch.ts'
import { patched } from './edit-proof.ts'

/** JSON in the indentation it has, or on the one line it is. */
export function editJson(text: string, operations: readonly PatchOperation[]): string {
  const value = patched(JSON.parse(text), operations)
  const indent = /^\s*\{\r?\n([ \t]+)/.exec(text)?.[1]
  const written = JSON.stringify(value, null, indent)
  return text.endsWith('\n') ? `${written}\n` : written
}
