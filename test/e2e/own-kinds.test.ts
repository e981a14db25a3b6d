// Kinds that are not of Kubernetes itself, by CRDs of a real API server: the policy says where they hold their pods, the controller's
// account has the rights of the manifests and those that docs/policy.md gives it, and an audit with that account checks them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { AuditReport } from '../../src/report/audit/audit-report.ts'
import { audit } from './support/audit.ts'
import { startControlPlane } from './support/control-plane.ts'
import { defineKinds } from './support/custom-kinds.ts'
import { install } from './support/installation.ts'
import { kubeconfigOf } from './support/limited-user.ts'
import { restricted, someRequests } from './support/objects.ts'
import { until } from './support/wait.ts'

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl } = plane
await plane.createNamespace('shop')

await defineKinds(kubectl, [
  { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout' },
  { group: 'example.com', version: 'v1beta1', alsoServed: ['v1', 'v2alpha1'], kind: 'Widget' },
  { group: 'example.com', version: 'v1', kind: 'Hall', scope: 'Cluster' },
  { group: 'apps.example.com', version: 'v1', kind: 'Deployment' },
  { group: 'broken.example.com', version: 'v1beta1', alsoServed: ['v1'], kind: 'Relic' }
])

const policyFile = join(plane.folder, 'own-kinds.yaml')
writeFileSync(
  policyFile,
  `apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  podTemplates:
    - {group: argoproj.io, kind: Rollout, template: /spec/template, replicas: /spec/replicas}
    - {group: example.com, kind: Widget, template: /spec/parts/*/template, replicas: /spec/size}
    - {group: example.com, kind: Hall, podSpec: /spec/pod}
    - {group: apps.example.com, kind: Deployment, template: /spec/template}
    - {group: broken.example.com, kind: Relic, template: /spec/template}
    - {group: example.com, kind: Ghost, template: /spec/template}
    - {group: gone.example.com, kind: Phantom, template: /spec/template}
`
)

/** As docs/policy.md calls the role and its binding. */
const name = 'pidguard-own-kinds'
const app = { name: 'app', image: 'example.com/app:1' }
const good = { spec: restricted([{ ...app, resources: someRequests }]) }
const bad = { spec: restricted([app]) }
const labels = { app: 'same' }
const selected = { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, ...bad } }

// All of it is there before pidguard: its webhook, of which no process runs here, would be asked about pods.
await made('argoproj.io/v1alpha1', 'Rollout', 'web', { replicas: 3, template: bad })
await made('argoproj.io/v1alpha1', 'Rollout', 'calm', { replicas: 3, template: good })
await made('example.com/v1', 'Widget', 'pair', { size: 2, parts: [{ template: good }, { template: bad }] })
await made('example.com/v1beta1', 'Widget', 'older', { size: 1, parts: [{ template: bad }] })
await made('example.com/v1', 'Widget', 'typo', { size: 1, parts: [{ tmplate: bad }] })
await made('example.com/v1', 'Widget', 'bare', { size: 1 })
await made('example.com/v1', 'Hall', 'great', { pod: bad.spec }, '')
await made('apps.example.com/v1', 'Deployment', 'same', { template: bad })
await made('apps/v1', 'Deployment', 'same', selected)
for (const name of ['pair-0', 'pair-1']) await madePod('widgets.example.com/pair', name)
await made('broken.example.com/v1beta1', 'Relic', 'old', { template: bad })
// Argo makes ReplicaSets, and these the pods; what follows from the older template is known by the Rollout too.
await madeBy('rollouts.argoproj.io/calm', { apiVersion: 'apps/v1', kind: 'ReplicaSet', spec: selected }, 'calm-5d4f')
for (const name of ['calm-5d4f-a', 'calm-5d4f-b']) await madePod('replicasets.apps/calm-5d4f', name)
await install(plane, 'default', ['audit'])
const account = await kubeconfigOf(plane, 'pidguard-system', 'pidguard-controller')

async function made(apiVersion: string, kind: string, name: string, spec: object, namespace = 'shop'): Promise<void> {
  const metadata = { name, ...(namespace === '' ? {} : { namespace }) }
  await kubectl.ok(['create', '--filename=-'], JSON.stringify({ apiVersion, kind, metadata, spec }))
}

/** What the controller of the owner has made. */
async function madeBy(owner: string, object: object, name: string): Promise<void> {
  const stored = JSON.parse(await kubectl.ok(['get', owner, '--namespace=shop', '--output=json'])) as {
    readonly apiVersion: string
    readonly kind: string
    readonly metadata: { readonly name: string; readonly uid: string }
  }
  const { apiVersion, kind, metadata } = stored
  const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true }]
  const all = { ...object, metadata: { name, namespace: 'shop', labels, ownerReferences } }
  await kubectl.ok(['create', '--filename=-'], JSON.stringify(all))
}

async function madePod(owner: string, name: string): Promise<void> {
  await madeBy(owner, { apiVersion: 'v1', kind: 'Pod', ...bad }, name)
}

async function reportOf(...args: readonly string[]): Promise<AuditReport> {
  const { stdout, stderr } = await audit(account, '--policy', policyFile, '-o', 'json', ...args)
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as AuditReport
}

/** Of the rule that every bad pod here breaks: who, where, and with how many pods. */
const told = ({ findings }: AuditReport): string[] =>
  findings
    .filter(({ ruleId }) => ruleId === 'best-effort')
    .map(({ level, object: { apiVersion, kind, namespace, name }, pointer, children }) =>
      [level, apiVersion, kind, `${namespace}/${name}`, pointer, children].join(' ')
    )
    .sort()

const partsOf = ({ gaps }: AuditReport): string[] => gaps.map(({ part, reason }) => `${part} ${reason}`)
const notServed = [
  'podTemplates of the policy: the cluster serves no Ghost of example.com',
  'podTemplates of the policy: the cluster serves no Phantom of gone.example.com'
]
const ownDeployment = 'deny apps/v1 Deployment shop/same /spec/template/spec/containers/0/resources 0'

void t.test(
  'without the rights for them each kind is named, none is passed over, and pods are known by their own kind',
  async (t) => {
    const report = await reportOf()
    t.strictSame(
      partsOf(report),
      ['deployments.apps', 'halls', 'relics.broken', 'rollouts', 'widgets'].map(
        (name) => `${name}${name === 'rollouts' ? '.argoproj.io' : '.example.com'} forbidden`
      )
    )
    for (const { part, detail } of report.gaps) t.match(detail, `; list on ${part} is needed`)
    t.match(report.notes.slice(0, 2), notServed)
    t.strictSame(told(report), [
      ownDeployment,
      'deny argoproj.io/v1alpha1 Rollout shop/calm /spec/containers/0/resources 2',
      'deny example.com/v1 Widget shop/pair /spec/containers/0/resources 2'
    ])
    t.equal((await reportOf('--fail-on', 'never')).exitCode, 0)
  }
)

void t.test('with the rights that docs/policy.md gives, each is checked once, at its place', async (t) => {
  const kinds = ['rollouts.argoproj.io', 'widgets.example.com', 'halls.example.com', 'deployments.apps.example.com']
  await kubectl.ok(['create', 'clusterrole', name, '--verb=list', `--resource=${kinds.join(',')}`])
  const to = '--serviceaccount=pidguard-system:pidguard-controller'
  await kubectl.ok(['create', 'clusterrolebinding', name, `--clusterrole=${name}`, to])
  const report = await until('the rights', async () => {
    const each = await reportOf()
    return partsOf(each).length <= 2 && each
  })
  t.strictSame(told(report), [
    'deny apps.example.com/v1 Deployment shop/same /spec/template/spec/containers/0/resources 0',
    ownDeployment,
    'deny argoproj.io/v1alpha1 Rollout shop/calm /spec/containers/0/resources 2',
    'deny argoproj.io/v1alpha1 Rollout shop/web /spec/template/spec/containers/0/resources 0',
    'deny example.com/v1 Widget shop/older /spec/parts/0/template/spec/containers/0/resources 0',
    'deny example.com/v1 Widget shop/pair /spec/parts/1/template/spec/containers/0/resources 2',
    // Its pods may be in any namespace, and what LimitRanges give them there is not known.
    'warn example.com/v1 Hall /great /spec/pod/containers/0/resources 0'
  ])
  t.match(report.gaps, [
    {
      part: 'Widget shop/typo',
      reason: 'malformed',
      detail: '/spec/parts/*/template: expected a pod template, found nothing'
    },
    { part: 'relics.broken.example.com', reason: 'forbidden' }
  ])
  t.match(report.notes.slice(0, 2), notServed)
})

void t.test('a kind whose conversion webhook does not answer is named; the rest is checked all the same', async (t) => {
  const role = JSON.parse(await kubectl.ok(['get', 'clusterrole', name, '--output=json']))
  role.rules.push({ apiGroups: ['broken.example.com'], resources: ['relics'], verbs: ['list'] })
  await kubectl.ok(['replace', '--filename=-'], JSON.stringify(role))
  const webhook = { clientConfig: { url: 'https://127.0.0.1:1/' }, conversionReviewVersions: ['v1'] }
  const patch = JSON.stringify({ spec: { conversion: { strategy: 'Webhook', webhook } } })
  await kubectl.ok(['patch', 'crd/relics.broken.example.com', '--type=merge', '--patch', patch])
  const report = await until('the conversion that fails', async () => {
    const each = await reportOf()
    return each.gaps.some(({ reason }) => reason === 'server-error') && each
  })
  t.match(report.gaps, [
    { part: 'Widget shop/typo' },
    { part: 'relics.broken.example.com', reason: 'server-error', detail: /conversion webhook/ }
  ])
  t.equal(told(report).length, 7)
})
