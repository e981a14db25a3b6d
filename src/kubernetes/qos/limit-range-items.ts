import { escapeToken } from '../../lib/json/pointer.ts'
import { isRecord, malformed, optionalList, optionalRecord, shapeErrorOf } from '../../lib/json/shape.ts'
import type { KubernetesObject, LimitRangeItem, QuantityText } from '../types.ts'
import { parseQuantity } from './quantity.ts'
import { quantityProblem } from './quantity-problem.ts'
import { readQuantities } from './resource-lists.ts'

const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

interface LimitProblem {
  readonly pointer: string
  readonly message: string
}

/** The items of a LimitRange as the API server stores them; none where it would refuse the object. */
export function limitRangeItemsOf(object: KubernetesObject): readonly LimitRangeItem[] {
  return limitRangeProblems(object).length > 0 ? [] : (limitsOf(object) as readonly LimitRangeItem[])
}

/** Why the API server would refuse the LimitRange. A null quantity in it is made zero in place. */
export function limitRangeProblems(object: KubernetesObject): readonly LimitProblem[] {
  try {
    return limitsOf(object).flatMap((item, i) => problemsOfItem(item, `/spec/limits/${i}`))
  } catch (error) {
    const problem = shapeErrorOf(error)
    if (problem === undefined) throw error
    return [problem]
  }
}

function limitsOf({ spec }: KubernetesObject): readonly unknown[] {
  return optionalList(optionalRecord(spec, '/spec')?.['limits'], '/spec/limits') ?? []
}

/** Throws ERR_OBJECT_MALFORMED where it is no item at all. */
function problemsOfItem(item: unknown, at: string): LimitProblem[] {
  if (!isRecord(item)) throw malformed('a limit with a type', item, at)
  if (typeof item['type'] !== 'string' || item['type'] === '')
    throw malformed('Container, Pod or PersistentVolumeClaim', item['type'], `${at}/type`)
  return lists.flatMap((field) => {
    readQuantities(item[field], `${at}/${field}`)
    return Object.entries((item[field] ?? {}) as Readonly<Record<string, QuantityText>>).flatMap(([name, text]) => {
      const pointer = `${at}/${field}/${escapeToken(name)}`
      // Below zero it bounds nothing, and is taken.
      const problem = parseQuantity(text) === undefined ? quantityProblem(name, text) : undefined
      return problem === undefined ? [] : [{ pointer, message: `${pointer}: ${problem}` }]
    })
  })
}
