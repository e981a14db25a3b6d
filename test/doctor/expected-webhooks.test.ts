import t from 'tap'
import {
  type ConfigurationKind,
  expectedWebhooks,
  guardedWebhooks,
  guardService,
  isCalledFor,
  lackingOf,
  pathOf
} from '../../src/doctor/expected-webhooks.ts'
import type { RegisteredWebhook } from '../../src/doctor/read-installation.ts'
import { goldenOf, kustomizations, objectsOf } from '../support/rendered.ts'

interface RenderedWebhook extends RegisteredWebhook {
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly operations: readonly string[]
  }[]
}

const kinds = Object.keys(pathOf) as ConfigurationKind[]

function webhooksOf(rendering: string, kind: ConfigurationKind): RenderedWebhook[] {
  return objectsOf(goldenOf(rendering)).get(`${kind}/pidguard`)?.['webhooks'] as RenderedWebhook[]
}

void t.test('it is what manifests/base registers', async (t) => {
  const installed = kinds.flatMap((kind) =>
    webhooksOf('default', kind).map(({ name, rules, namespaceSelector }) => ({
      name,
      kind,
      operations: rules[0]?.operations,
      resources: rules.flatMap(({ apiGroups, resources }) =>
        apiGroups.flatMap((group) => resources.map((resource) => namedAs(resource, group)))
      ),
      sparesSystemNamespaces: Object.keys(namespaceSelector ?? {}).length > 0
    }))
  )
  const sorted = (each: { readonly resources: readonly string[] }) => ({
    ...each,
    resources: each.resources.toSorted()
  })
  t.strictSame(expectedWebhooks.map(sorted), installed.map(sorted))
  for (const { name, rules } of kinds.flatMap((kind) => webhooksOf('default', kind))) {
    t.equal(new Set(rules.map(({ operations }) => operations.join())).size, 1, `${name}: one list of operations`)
  }
})

/** As kubectl names it: `scale` of Deployments is `deployments.apps/scale`. */
function namedAs(resource: string, group: string): string {
  const [plural, ...below] = resource.split('/')
  return [group === '' ? plural : `${plural}.${group}`, ...below].join('/')
}

for (const rendering of Object.keys(kustomizations)) {
  void t.test(`${rendering}: lacks nothing, and leads where it should`, async (t) => {
    for (const kind of kinds) {
      const webhooks = webhooksOf(rendering, kind)
      for (const expected of expectedWebhooks.filter((each) => each.kind === kind)) {
        const webhook = webhooks.find(({ name }) => name === expected.name)
        t.strictSame(webhook && lackingOf(webhook, expected), [], expected.name)
      }
      const at = { namespace: 'pidguard-system', path: pathOf[kind], port: 443 }
      for (const { name, clientConfig } of webhooks) {
        const isGuarded = rendering === 'guard' && guardedWebhooks.includes(name)
        t.strictSame(clientConfig.service, { ...at, name: isGuarded ? guardService : 'pidguard' }, name)
      }
    }
  })
}

const called: { apiGroups: string[]; resources: string[]; operations?: string[]; for: string; want: boolean }[] = [
  { apiGroups: [''], resources: ['pods'], for: 'pods', want: true },
  { apiGroups: ['*'], resources: ['*'], for: 'pods', want: true },
  { apiGroups: ['*'], resources: ['*/*'], operations: ['*'], for: 'deployments.apps/scale', want: true },
  { apiGroups: ['apps'], resources: ['deployments/*'], for: 'deployments.apps/scale', want: true },
  { apiGroups: ['apps'], resources: ['*/scale'], for: 'deployments.apps/scale', want: true },
  { apiGroups: ['apps'], resources: ['*'], for: 'deployments.apps/scale', want: false },
  { apiGroups: ['apps'], resources: ['deployments'], for: 'deployments.apps/scale', want: false },
  { apiGroups: ['apps'], resources: ['pods'], for: 'pods', want: false },
  { apiGroups: ['apps'], resources: ['daemonsets'], operations: ['UPDATE'], for: 'daemonsets.apps', want: false },
  {
    apiGroups: ['crd.projectcalico.org'],
    resources: ['felixconfigurations'],
    for: 'felixconfigurations.projectcalico.org',
    want: false
  }
]
for (const { for: resource, want, ...rule } of called) {
  void t.test(`${JSON.stringify(rule)} ${want ? 'reaches' : 'does not reach'} ${resource}`, async (t) => {
    t.equal(isCalledFor({ name: 'a', clientConfig: {}, rules: [rule] }, 'CREATE', resource), want)
  })
}

void t.test('what is lacking is named with what it lacks', async (t) => {
  const expected = {
    name: 'a',
    kind: 'ValidatingWebhookConfiguration',
    operations: ['CREATE', 'UPDATE'],
    resources: ['pods', 'daemonsets.apps', 'jobs.batch']
  } as const
  const rules = [
    { apiGroups: [''], resources: ['pods'], operations: ['CREATE', 'UPDATE'] },
    { apiGroups: ['apps'], resources: ['daemonsets'], operations: ['CREATE'] }
  ]
  const lacking = ['UPDATE of daemonsets.apps', 'CREATE and UPDATE of jobs.batch']
  t.strictSame(lackingOf({ name: 'a', clientConfig: {}, rules }, expected), lacking)
})
