import { globMatches, type Selector, type SelectorRequirement, selectorMatches } from '../kubernetes/label-selector.ts'
import type { Override } from './policy.ts'

/** Whether an override applies to a namespace; `maybe` when that depends on labels that are not known. */
export type Applies = 'yes' | 'no' | 'maybe'

/** Every namespace has its name as this label (since Kubernetes v1.22, and for us on older clusters too). */
const nameLabel = 'kubernetes.io/metadata.name'

export function applies(
  { names, selector }: Override['namespaces'],
  namespace: string,
  labels: Readonly<Record<string, string>> | undefined
): Applies {
  if (names !== undefined && !names.some((pattern) => globMatches(pattern, namespace))) return 'no'
  if (selector === undefined) return 'yes'
  const own = { ...labels, [nameLabel]: namespace }
  if (labels !== undefined) return selectorMatches(selector, own) ? 'yes' : 'no'
  if (!selectorMatches(decidable(selector), own)) return 'no'
  return isDecidable(selector) ? 'yes' : 'maybe'
}

/** The part of a selector that the name alone answers. */
function decidable(selector: Selector): Selector {
  const name = Object.hasOwn(selector.matchLabels, nameLabel) ? selector.matchLabels[nameLabel] : undefined
  return {
    matchLabels: name === undefined ? {} : { [nameLabel]: name },
    matchExpressions: selector.matchExpressions.filter(isOnName)
  }
}

function isDecidable(selector: Selector): boolean {
  return (
    Object.keys(selector.matchLabels).every((key) => key === nameLabel) && selector.matchExpressions.every(isOnName)
  )
}

function isOnName({ key }: SelectorRequirement): boolean {
  return key === nameLabel
}
