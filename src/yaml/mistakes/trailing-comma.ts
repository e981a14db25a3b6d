import type { Mistake } from '../mistake.ts'

/** JSON but for a comma before a closing bracket. As YAML it can be read, and kubectl 1.35 does; 1.32 refuses it. */
export function trailingCommaIn(text: string): Mistake | undefined {
  if (!/^\s*\{\s*"/.test(text)) return undefined
  const strict = text.replace(stringOrComma, (found) => (found.startsWith(',') ? found.slice(1) : found))
  if (strict === text) return undefined
  try {
    JSON.parse(strict)
  } catch {
    return undefined
  }
  const at = [...text.matchAll(stringOrComma)].find(([found]) => found.startsWith(','))?.index ?? 0
  return {
    message: 'a comma before a closing bracket; JSON has none there, and kubectl 1.32 refuses it',
    at,
    isReadable: true
  }
}

const stringOrComma = /"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g
