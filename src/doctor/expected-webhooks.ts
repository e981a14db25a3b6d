import type { RegisteredWebhook } from './read-installation.ts'

export type ConfigurationKind = 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration'

export interface ExpectedWebhook {
  readonly name: string
  readonly kind: ConfigurationKind
  readonly operations: readonly string[]
  /** As `kubectl` names them, with a subresource where it is one: `deployments.apps/scale`. */
  readonly resources: readonly string[]
}

/** Where the webhooks of each configuration lead. */
export const pathOf = {
  MutatingWebhookConfiguration: '/mutate',
  ValidatingWebhookConfiguration: '/validate'
} as const satisfies Record<ConfigurationKind, string>

/** What manifests/base registers, and no overlay takes away; the test of this file holds it to the manifests. */
export const expectedWebhooks: readonly ExpectedWebhook[] = [
  {
    name: 'mutate.pidguard.io',
    kind: 'MutatingWebhookConfiguration',
    operations: ['CREATE'],
    resources: ['pods']
  },
  {
    name: 'daemonsets.mutate.pidguard.io',
    kind: 'MutatingWebhookConfiguration',
    operations: ['CREATE', 'UPDATE'],
    resources: ['daemonsets.apps']
  },
  {
    name: 'validate.pidguard.io',
    kind: 'ValidatingWebhookConfiguration',
    operations: ['CREATE'],
    resources: ['pods']
  },
  {
    name: 'workloads.validate.pidguard.io',
    kind: 'ValidatingWebhookConfiguration',
    operations: ['CREATE', 'UPDATE'],
    resources: [
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'deployments.apps',
      'deployments.apps/scale',
      'statefulsets.apps',
      'statefulsets.apps/scale',
      'replicasets.apps',
      'replicasets.apps/scale',
      'jobs.batch',
      'cronjobs.batch'
    ]
  },
  {
    name: 'calico.validate.pidguard.io',
    kind: 'ValidatingWebhookConfiguration',
    operations: ['CREATE', 'UPDATE'],
    resources: ['daemonsets.apps', 'felixconfigurations.crd.projectcalico.org', 'felixconfigurations.projectcalico.org']
  }
]

/** What the webhook is not called for, though it should be: `UPDATE of daemonsets.apps`. */
export function lackingOf(webhook: RegisteredWebhook, { operations, resources }: ExpectedWebhook): string[] {
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
