import type { ConfigurationKind, ExpectedWebhook } from '../emit/registered-webhooks.ts'
import type { RegisteredWebhook } from './read-installation.ts'

export { type ConfigurationKind, type ExpectedWebhook, expectedWebhooks } from '../emit/registered-webhooks.ts'

/** Where the webhooks of each configuration lead. */
export const pathOf = {
  MutatingWebhookConfiguration: '/mutate',
  ValidatingWebhookConfiguration: '/validate'
} as const satisfies Record<ConfigurationKind, string>

/** The Service of the one writer, as manifests/components/guard names it. */
export const guardService = 'pidguard-guard'

/** The webhooks that the one writer answers. */
export const guardedWebhooks: readonly string[] = ['validate.pidguard.io', 'bindings.validate.pidguard.io']

/** What the webhook is not called for, though it should be: `UPDATE of daemonsets.apps`. */
export function lackingOf(
  webhook: RegisteredWebhook,
  { operations, resources }: Pick<ExpectedWebhook, 'operations' | 'resources'>
): string[] {
  return resources.flatMap((resource) => {
    const lacking = operations.filter((operation) => !isCalledFor(webhook, operation, resource))
    return lacking.length === 0 ? [] : [`${lacking.join(' and ')} of ${resource}`]
  })
}

/** As k8s.io/apiserver pkg/admission/plugin/webhook/predicates/rules: of a resource, `*` leaves out its subresources. */
export function isCalledFor({ rules = [] }: RegisteredWebhook, operation: string, resource: string): boolean {
  const [whole = '', subresource = ''] = resource.split('/')
  const [plural = '', ...group] = whole.split('.')
  return rules.some(
    ({ apiGroups, resources, operations = ['*'] }) =>
      holds(apiGroups, group.join('.')) &&
      holds(operations, operation) &&
      resources.some((each) => {
        const [ofRule = '', below = ''] = each.split('/')
        return holds([ofRule], plural) && holds([below], subresource)
      })
  )
}

function holds(patterns: readonly string[], value: string): boolean {
  return patterns.includes('*') || patterns.includes(value)
}
