import type { QuantityText } from '../types.ts'
import { parseQuantity } from './quantity.ts'

/** Why the API server refuses the quantity of a resource of this name, with what may be meant; undefined: it takes it. */
export function quantityProblem(name: string, text: QuantityText): string | undefined {
  const quantity = parseQuantity(text)
  if (quantity !== undefined && quantity >= 0n) return undefined
  const expected = quantity === undefined ? `a quantity such as ${exampleOf(name)}` : 'a quantity of 0 or more'
  return `expected ${expected}, found ${shownQuantity(text)}${meantBy(text)}`
}

function exampleOf(resource: string): string {
  return resource === 'cpu' ? '100m' : resource === 'memory' ? '64Mi' : '1'
}

/** Characters. Longer than any quantity; the length of the value found has no bound. */
const maxShown = 40

/** As it is written in the file, cut where it is long. */
export function shownQuantity(text: QuantityText): string {
  const written = JSON.stringify(text)
  return written.length <= maxShown ? written : `${written.slice(0, maxShown - 1)}…`
}

/** Slips that people make: bytes with a B, lower-case binary suffixes, a comma, an upper-case k, a space. */
const slips: readonly (readonly [RegExp, string])[] = [
  [/^([\d.]+) ?([KMGTPE]i?)B$/i, '$1$2'],
  [/^([\d.]+) ?(k|m|g|t|p|e)i?$/i, '$1$2i'],
  [/^(\d+),(\d+)$/, '$1.$2'],
  [/^([\d.]+) ?(cores?|cpus?|vcpus?)$/i, '$1']
]

function meantBy(text: QuantityText): string {
  for (const [slip, correct] of slips) {
    if (!slip.test(String(text))) continue
    const meant = String(text)
      .replace(slip, correct)
      .replace(/[kmgtpe]i$/i, (suffix) => `${(suffix[0] as string).toUpperCase()}i`)
    if (parseQuantity(meant) !== undefined) return `; is ${meant} meant?`
  }
  return ''
}
