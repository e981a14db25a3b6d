import { memoized } from '../lib/memoize.ts'

/** A Kubernetes label selector (meta/v1 LabelSelector). */
export interface Selector {
  readonly matchLabels: Readonly<Record<string, string>>
  readonly matchExpressions: readonly SelectorRequirement[]
}

export interface SelectorRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values: readonly string[]
}

/** As metav1.LabelSelectorAsSelector: all parts must match; NotIn and DoesNotExist match where the key is absent. */
export function selectorMatches(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  for (const key of Object.keys(selector.matchLabels)) {
    if (labelOf(labels, key) !== selector.matchLabels[key]) return false
  }
  return selector.matchExpressions.every((requirement) => requirementMatches(requirement, labels))
}

function requirementMatches(requirement: SelectorRequirement, labels: Readonly<Record<string, string>>): boolean {
  const value = labelOf(labels, requirement.key)
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value)
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

/** The label with this name; an inherited property of the object is none. */
export function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

/**
 * A test for names: `*` matches any run of characters, `?` one; everything else itself.
 * Never worse than the product of both lengths, so no pattern can stall a review.
 */
export function globMatches(pattern: string, name: string): boolean {
  return matcherOf(pattern)(name)
}

const matcherOf = memoized((pattern): ((name: string) => boolean) => {
  if (pattern.includes('?')) return (name) => matchesStepwise(pattern, name)
  const parts = pattern.split('*')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (parts.length === 1) return (name) => name === pattern
  const inner = parts.slice(1, -1).filter((part) => part !== '')
  return (name) => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false
    const end = name.length - last.length
    let from = first.length
    for (const part of inner) {
      const at = name.indexOf(part, from)
      if (at < 0 || at + part.length > end) return false
      from = at + part.length
    }
    return true
  }
})

/** Compares character by character, and goes back to the last star at a mismatch. */
function matchesStepwise(pattern: string, name: string): boolean {
  let p = 0
  let n = 0
  let star = -1
  let resume = 0
  while (n < name.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++
      resume = n
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++
      n++
    } else if (star >= 0) {
      p = star + 1
      n = ++resume
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}
