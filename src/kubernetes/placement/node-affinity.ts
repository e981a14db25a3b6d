import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import type { PodSpec } from '../types.ts'

/** A test of one label or field of a node. */
export interface NodeRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  readonly values: ReadonlySet<string>
  /** What Gt and Lt compare with. */
  readonly bound: bigint
}

/** All of its requirements must hold. */
export interface NodeTerm {
  readonly labels: readonly NodeRequirement[]
  readonly fields: readonly NodeRequirement[]
}

/** The required node affinity as it is written; undefined when there is none. */
export function requiredAffinityOf({ affinity }: PodSpec): unknown {
  const nodeAffinity = isRecord(affinity) ? affinity['nodeAffinity'] : undefined
  const required = isRecord(nodeAffinity) ? nodeAffinity['requiredDuringSchedulingIgnoredDuringExecution'] : undefined
  return required ?? undefined
}

/** The one node that a DaemonSet's controller writes into its pods (kubernetes pkg/controller/daemon/util). */
export function pinnedBy(terms: readonly NodeTerm[] | undefined): string | undefined {
  if (terms === undefined || terms.length !== 1) return undefined
  const field = terms[0]?.fields.find(({ key, operator }) => key === nameField && operator === 'In')
  return field === undefined ? undefined : [...field.values][0]
}

/** The only node field that a node selector may name (kubernetes pkg/apis/core/validation). */
export const nameField = 'metadata.name'

/**
 * A term as component-helpers nodeaffinity reads it; undefined for a term that matches no node: an empty one, or one that
 * cannot be parsed.
 */
export function termOf(term: JsonRecord): NodeTerm | undefined {
  const labels = listOf(term['matchExpressions']).map(labelRequirementOf)
  const fields = listOf(term['matchFields']).map(fieldRequirementOf)
  if (labels.length === 0 && fields.length === 0) return undefined
  if (!labels.every((requirement) => requirement !== undefined)) return undefined
  if (!fields.every((requirement) => requirement !== undefined)) return undefined
  return { labels, fields }
}

/** As labels.NewRequirement of apimachinery; undefined where that returns an error. */
function labelRequirementOf(value: unknown): NodeRequirement | undefined {
  if (!isRecord(value)) return undefined
  const { key, operator } = value
  const values = textsOf(value['values'])
  if (values === undefined || typeof key !== 'string' || !isLabelKey(key) || !values.every(isLabelValue))
    return undefined
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length === 0 ? undefined : { key, operator, values: new Set(values), bound: 0n }
    case 'Exists':
    case 'DoesNotExist':
      return values.length > 0 ? undefined : { key, operator, values: new Set(), bound: 0n }
    case 'Gt':
    case 'Lt': {
      const bound = values.length === 1 ? readInt64(values[0] as string) : undefined
      return bound === undefined ? undefined : { key, operator, values: new Set(), bound }
    }
    default:
      return undefined
  }
}

/** Fields know only In and NotIn, with exactly one value. */
function fieldRequirementOf(value: unknown): NodeRequirement | undefined {
  if (!isRecord(value)) return undefined
  const { key, operator } = value
  const values = textsOf(value['values'])
  if (typeof key !== 'string' || values?.length !== 1) return undefined
  if (operator !== 'In' && operator !== 'NotIn') return undefined
  return { key, operator, values: new Set(values), bound: 0n }
}

/** As strconv.ParseInt(text, 10, 64). */
export function readInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,30}$/.test(text)) return undefined
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return BigInt.asIntN(64, value) === value ? value : undefined
}

const labelName = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/
const labelPrefix = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

/** As IsQualifiedName of apimachinery. */
function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/')
  if (slash < 0) return labelName.test(key)
  const prefix = key.slice(0, slash)
  return prefix.length <= 253 && labelPrefix.test(prefix) && labelName.test(key.slice(slash + 1))
}

function isLabelValue(value: string): boolean {
  return value === '' || labelName.test(value)
}

function textsOf(value: unknown): readonly string[] | undefined {
  const list = listOf(value)
  return list.every((entry) => typeof entry === 'string') ? list : undefined
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
