export type ConfigurationKind = 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration'

export interface ExpectedWebhook {
  readonly name: string
  readonly kind: ConfigurationKind
  readonly operations: readonly string[]
  /** As `kubectl` names them, with a subresource where it is one: `deployments.apps/scale`. */
  readonly resources: readonly string[]
  /** It is not called for the namespaces of the cluster itself, nor for one that is labelled `ignore`. */
  readonly sparesSystemNamespaces: boolean
}

/** What manifests/base registers, and no overlay takes away; test/doctor/expected-webhooks.test.ts holds it to the manifests. */
export const expectedWebhooks = [
  {
    name: 'mutate.pidguard.io',
    kind: 'MutatingWebhookConfiguration',
    operations: ['CREATE'],
    resources: ['pods'],
    sparesSystemNamespaces: true
  },
  {
    name: 'daemonsets.mutate.pidguard.io',
    kind: 'MutatingWebhookConfiguration',
    operations: ['CREATE', 'UPDATE'],
    resources: ['daemonsets.apps'],
    sparesSystemNamespaces: false
  },
  {
    name: 'validate.pidguard.io',
    kind: 'ValidatingWebhookConfiguration',
    operations: ['CREATE'],
    resources: ['pods'],
    sparesSystemNamespaces: true
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
    ],
    sparesSystemNamespaces: true
  },
  {
    name: 'calico.validate.pidguard.io',
    kind: 'ValidatingWebhookConfiguration',
    operations: ['CREATE', 'UPDATE'],
    resources: [
      'daemonsets.apps',
      'felixconfigurations.crd.projectcalico.org',
      'felixconfigurations.projectcalico.org'
    ],
    sparesSystemNamespaces: false
  }
] as const satisfies readonly ExpectedWebhook[]

/** The names of these webhooks. */
export type WebhookName = (typeof expectedWebhooks)[number]['name']
