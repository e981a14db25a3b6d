import t from 'tap'
import { defaultSystemNamespaces } from '../../src/policy/default-settings.ts'
import { rules } from '../../src/rules/index.ts'
import { goldenOf, kustomizations, objectsOf } from '../support/rendered.ts'

interface WebhookRule {
  readonly apiGroups: string[]
  readonly apiVersions: string[]
  readonly resources: string[]
  readonly operations: string[]
  readonly scope: string
}

interface Webhook {
  readonly name: string
  readonly failurePolicy: string
  readonly sideEffects: string
  readonly timeoutSeconds: number
  readonly clientConfig: { readonly caBundle?: string; readonly service: { readonly path: string } }
  readonly namespaceSelector?: { readonly matchExpressions: { key: string; operator: string; values?: string[] }[] }
  readonly rules: WebhookRule[]
}

function webhooksOf(rendering: string, ...kinds: string[]): Webhook[] {
  return [...objectsOf(goldenOf(rendering)).values()]
    .filter(({ kind }) => kinds.includes(kind))
    .flatMap((object) => object['webhooks'] as Webhook[])
}

const both = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']
/** What a network, and so a webhook, needs to come up. */
const vital = ['daemonsets', 'felixconfigurations', 'nodes', 'leases', 'pods/binding', 'namespaces']
/** What counts from the moment it is admitted. */
const counted = ['pods', 'pods/binding']

for (const rendering of Object.keys(kustomizations)) {
  void t.test(`${rendering}: what every webhook must keep`, async (t) => {
    for (const webhook of webhooksOf(rendering, ...both)) {
      const { name, rules, namespaceSelector } = webhook
      t.ok(webhook.timeoutSeconds <= 5, `${name}: the good-practice list asks for a short timeout`)
      t.equal(webhook.clientConfig.caBundle, undefined, `${name}: what is applied again must not undo the leader`)
      const resources = rules.flatMap((rule) => rule.resources)
      const reserves =
        webhook.clientConfig.service.path === '/validate' && resources.some((each) => counted.includes(each))
      t.equal(webhook.sideEffects, reserves ? 'NoneOnDryRun' : 'None', name)
      t.notOk(
        resources.some((resource) => resource.includes('*')),
        `${name}: no wildcard`
      )
      for (const rule of rules) {
        t.notOk(rule.apiGroups.includes('*'), name)
        t.strictSame(
          rule.operations.filter((each) => each !== 'CREATE' && each !== 'UPDATE'),
          [],
          name
        )
      }
      if (resources.some((resource) => vital.includes(resource))) {
        t.equal(webhook.failurePolicy, 'Ignore', `${name} reaches ${resources}`)
      } else {
        const expressions = namespaceSelector?.matchExpressions ?? []
        const names = expressions.filter(({ key }) => key === 'kubernetes.io/metadata.name')
        const excluded = names.find(({ operator }) => operator === 'NotIn')?.values
        if (excluded !== undefined) t.strictSame(excluded, [...defaultSystemNamespaces], name)
        else t.strictSame(names, [{ key: 'kubernetes.io/metadata.name', operator: 'DoesNotExist' }], name)
        if (webhook.failurePolicy === 'Fail') {
          t.ok(
            names.some(({ operator }) => operator === 'Exists'),
            `${name}: must not depend on us where names are no labels`
          )
        }
        t.ok(
          expressions.some(({ key, values }) => key === 'pidguard.io/admission' && values?.includes('ignore')),
          `${name}: has a way out`
        )
      }
    }
  })

  void t.test(`${rendering}: only strict fails requests without us, and only for pods`, async (t) => {
    const failing = webhooksOf(rendering, ...both).filter(({ failurePolicy }) => failurePolicy === 'Fail')
    t.strictSame(
      failing.map(({ name }) => name),
      rendering === 'strict' ? ['validate.pidguard.io'] : []
    )
    for (const { rules } of failing) {
      t.strictSame(
        rules.flatMap((rule) => rule.resources),
        ['pods']
      )
    }
  })
}

/** How a kind is spelled in a webhook's rules; what is written to a subresource has the group of its parent. */
function resourcesOf(groupKind: string): { group: string; resource: string }[] {
  const [group = '', kind = ''] = groupKind.split('/')
  return subresources[groupKind] ?? [{ group, resource: `${kind.toLowerCase()}s` }]
}

const subresources: Readonly<Record<string, { group: string; resource: string }[]>> = {
  '/Binding': [{ group: '', resource: 'pods/binding' }],
  'autoscaling/Scale': [
    { group: '', resource: 'replicationcontrollers/scale' },
    ...['deployments', 'statefulsets', 'replicasets'].map((each) => ({ group: 'apps', resource: `${each}/scale` }))
  ]
}

void t.test('every kind that a rule looks at reaches it', async (t) => {
  const registered = webhooksOf('bindings', 'ValidatingWebhookConfiguration').flatMap((webhook) => webhook.rules)
  for (const { id, kinds } of rules) {
    for (const kind of kinds) {
      for (const { group, resource } of resourcesOf(kind)) {
        t.ok(
          registered.some((rule) => rule.apiGroups.includes(group) && rule.resources.includes(resource)),
          `${id}: ${resource}`
        )
      }
    }
  }
})

void t.test('nothing is registered that no rule looks at', async (t) => {
  const wanted = new Set(
    rules.flatMap(({ kinds }) => kinds.flatMap((kind) => resourcesOf(kind).map(({ resource }) => resource)))
  )
  for (const webhook of webhooksOf('bindings', ...both)) {
    for (const resource of webhook.rules.flatMap((rule) => rule.resources)) {
      t.ok(wanted.has(resource), `${webhook.name}: ${resource}`)
    }
  }
})

void t.test('a binding waits for us for a second at most, and only where it was asked for', async (t) => {
  const binds = (rendering: string) =>
    webhooksOf(rendering, ...both).filter(({ rules }) =>
      rules.some(({ resources }) => resources.includes('pods/binding'))
    )
  for (const rendering of ['default', 'observe', 'strict']) t.strictSame(binds(rendering), [], rendering)
  t.match(binds('bindings'), [{ failurePolicy: 'Ignore', timeoutSeconds: 1 }])
})

void t.test('with cert-manager: what pidguard needs to come up does not wait for pidguard', async (t) => {
  const left = webhooksOf('cert-manager', ...both).filter(({ namespaceSelector }) => namespaceSelector !== undefined)
  t.strictSame(
    left.map(({ name }) => name),
    ['mutate.pidguard.io', 'validate.pidguard.io', 'workloads.validate.pidguard.io']
  )
  for (const { name, namespaceSelector } of left) {
    const kept = (namespaceSelector?.matchExpressions ?? []).filter(({ operator }) => operator === 'NotIn')
    t.ok(
      kept.some(({ key, values }) => key === 'kubernetes.io/metadata.name' && values?.includes('cert-manager')),
      name
    )
  }
  for (const overlay of ['observe', 'default', 'strict']) {
    const [first, second] = webhooksOf(overlay, 'ValidatingWebhookConfiguration')
    t.strictSame(
      [first?.name, second?.name],
      ['validate.pidguard.io', 'workloads.validate.pidguard.io'],
      `${overlay}: the places that the component counts on`
    )
  }
})
