import { escapeToken } from '../../lib/json/pointer.ts'
import { malformed, optionalRecord, tooMany } from '../../lib/json/shape.ts'

/**
 * Keys of one mapping: labels, annotations, a node selector, resources. The API server bounds annotations by their size alone
 * (256 KiB, apimachinery pkg/api/validation/objectmeta.go) and the others not at all. Own choice: ten times what is seen.
 */
export const keysLimit = 1_000

/**
 * Checks the resource list at `pointer`, which may be absent. A null in it is made zero in place, as the API server decodes it
 * (apimachinery pkg/api/resource/quantity.go UnmarshalJSON): an explicit zero, which no LimitRange and no limit fills.
 * Throws ERR_OBJECT_MALFORMED, ERR_OBJECT_TOO_LARGE.
 */
export function readQuantities(value: unknown, pointer: string): void {
  const list = optionalRecord(value, pointer)
  let keys = 0
  for (const key in list) {
    if (++keys > keysLimit) throw tooMany('resources', keysLimit, Object.keys(list).length, pointer)
    const quantity = list[key]
    if (quantity === null) list[key] = '0'
    else if (typeof quantity !== 'string' && typeof quantity !== 'number')
      throw malformed('a quantity', quantity, `${pointer}/${escapeToken(key)}`)
  }
}
