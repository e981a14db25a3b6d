import { pidsEstimate } from '../kubernetes/annotations.ts'
import { escapeToken } from '../lib/json/pointer.ts'
import { literal } from './cel.ts'
import { type MutatingPolicy, removal } from './fixes/mutating.ts'
import { namespaceScopeOf } from './parts.ts'
import type { Sources, ValidatingPolicy } from './validating.ts'

const mark = `${literal(pidsEstimate)} in object.metadata.?annotations.orValue({})`

/**
 * Beside the webhook only denials of Pods are needed: what warns would be said twice, and what a template is denied for its
 * Pods are denied for. The mutating webhook marks each Pod it sees; one with the mark is left to the webhook, which says all that
 * it finds.
 */
export function besideWebhook(policies: readonly ValidatingPolicy[], hasMark: boolean): ValidatingPolicy[] {
  const condition = { name: 'not-seen-by-the-webhook', expression: `!(${mark})` }
  return policies
    .filter(({ part, action }) => part === 'pods' && action === 'Deny')
    .map((policy) => (hasMark ? { ...policy, conditions: [...policy.conditions, condition] } : policy))
}

/**
 * Removes the mark from a Pod as it is sent, so that no user can claim that the webhook saw it. Mutating policies come before mutating webhooks,
 * and this one is not asked again after them.
 */
export function unmark({ policy }: Sources): MutatingPolicy {
  const { selector, conditions } = namespaceScopeOf('pods', 'pods', policy.systemNamespaces)
  return {
    name: 'unmark.pidguard.io',
    ruleIds: [],
    part: 'pods',
    failurePolicy: 'Fail',
    reinvocationPolicy: 'Never',
    conditions: [...conditions, { name: 'is-marked', expression: mark }],
    namespaceSelector: selector,
    variables: [],
    patch: `[${removal(literal(`/metadata/annotations/${escapeToken(pidsEstimate)}`))}]`
  }
}
