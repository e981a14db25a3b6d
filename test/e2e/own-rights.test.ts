// What a token of ours can do when somebody else has it: to kubelets goes one that is good for nothing else, and with the
// component own-rights the other one may change what the program changes. All against the real API server.
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { caBundles, install, patience } from './support/installation.ts'
import { addNode } from './support/nodes.ts'
import { until } from './support/wait.ts'

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl } = plane
const namespace = 'pidguard-system'
const account = (name: string): string => `--as=system:serviceaccount:${namespace}:${name}`
/** ValidatingAdmissionPolicy is v1 from there on. */
const hasPolicies = plane.version.minor >= 30
const installation = await install(
  plane,
  'default',
  hasPolicies ? ['node-taints', 'own-rights'] : ['node-taints'],
  patience
)
await addNode(plane, 'node-a')

void t.test('our accounts get a token for kubelets, and for no other account', async (t) => {
  for (const own of ['pidguard', 'pidguard-controller']) {
    const token = (name: string) => kubectl.run(['create', 'token', name, `-n=${namespace}`, account(own)])
    t.equal((await token('pidguard-kubelet')).code, 0)
    for (const name of [own, 'default']) t.match((await token(name)).stderr, /forbidden/i, name)
  }
})

void t.test('the token that kubelets see opens what kubelets say, and nothing of the API', async (t) => {
  const may = async (...what: string[]) =>
    (await kubectl.run(['auth', 'can-i', ...what, account('pidguard-kubelet')])).stdout.trim()
  for (const part of ['stats', 'metrics']) t.equal(await may('get', 'nodes', `--subresource=${part}`), 'yes', part)
  t.equal(await may('get', 'nodes', '--subresource=proxy'), 'no')
  for (const verb of ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']) {
    for (const what of ['nodes', 'pods', 'secrets', 'configmaps', 'validatingwebhookconfigurations']) {
      t.equal(await may(verb, what, `-n=${namespace}`), 'no', `${verb} ${what}`)
    }
  }
})

void t.test(
  'the program itself is not hindered: it becomes ready, with its certificate in every caBundle',
  async (t) => {
    const controller = await installation.startController('--readings=kubelet')
    const replica = await installation.start('--readings=kubelet')
    await replica.ready()
    t.equal(new Set(await caBundles(plane)).size, 1)
    await until('both budgets', async () => {
      const budgets = await kubectl.ok(['get', 'pdb', `-n=${namespace}`, '-o=name'])
      return budgets.trim().split('\n').length === 2
    })
    await Promise.all([replica.stop(), controller.stop()])
  }
)

/** A change by our account, as a dry run: what the API server says of it. */
async function change(kind: string, type: 'json' | 'merge', patch: object): Promise<string> {
  const args = ['patch', kind, `--type=${type}`, `--patch=${JSON.stringify(patch)}`, '--dry-run=server']
  const { code, stderr } = await kubectl.run([...args, account('pidguard-controller')])
  return code === 0 ? '' : stderr
}

const taint = { key: 'pidguard.io/low-pids', effect: 'NoSchedule' }
/** As the API server lets a node begin. */
const held = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }
const webhooks = ['mutatingwebhookconfiguration/pidguard', 'validatingwebhookconfiguration/pidguard']
const path = '/webhooks/0'

void t.test('wanted changes pass', async (t) => {
  const caBundle = Buffer.from((await caBundles(plane))[0] ?? '').toString('base64')
  for (const kind of webhooks) {
    const own = [{ op: 'replace', path: `${path}/clientConfig/caBundle`, value: caBundle }]
    t.equal(await change(kind, 'json', own), '', kind)
  }
  t.equal(await change('node/node-a', 'merge', { spec: { taints: [held, taint] } }), '')
})

const unwanted: readonly { readonly name: string; readonly kind: string; readonly patch: object }[] = [
  ...webhooks.flatMap((kind) => [
    { name: 'its url', kind, patch: [{ op: 'replace', path: `${path}/clientConfig`, value: { url: 'https://x.y' } }] },
    { name: 'its service', kind, patch: [{ op: 'replace', path: `${path}/clientConfig/service/name`, value: 'x' }] },
    { name: 'its rules', kind, patch: [{ op: 'replace', path: `${path}/rules/0/resources`, value: ['*'] }] },
    { name: 'its namespaces', kind, patch: [{ op: 'replace', path: `${path}/namespaceSelector`, value: {} }] },
    { name: 'its failurePolicy', kind, patch: [{ op: 'replace', path: `${path}/failurePolicy`, value: 'Fail' }] },
    { name: 'one webhook less', kind, patch: [{ op: 'remove', path }] },
    { name: 'a label', kind, patch: [{ op: 'add', path: '/metadata/labels/x', value: 'y' }] }
  ]),
  ...[
    { name: 'a taint that evicts', patch: { spec: { taints: [held, { ...taint, effect: 'NoExecute' }] } } },
    { name: 'the taint of another', patch: { spec: { taints: [held, { key: 'x', effect: 'NoSchedule' }] } } },
    { name: 'a taint less', patch: { spec: { taints: [taint] } } },
    { name: 'a cordon', patch: { spec: { unschedulable: true } } },
    { name: 'a label of a node', patch: { metadata: { labels: { x: 'y' } } } },
    { name: 'an annotation of a node', patch: { metadata: { annotations: { x: 'y' } } } }
  ].map((each) => ({ ...each, kind: 'node/node-a' }))
]

void t.test('unwanted changes are refused', { skip: !hasPolicies && 'before v1.30' }, async (t) => {
  // A policy is in force about a second after it is written.
  await until(
    'the policies',
    async () => (await change('node/node-a', 'merge', { metadata: { labels: { x: 'y' } } })) !== ''
  )
  for (const { name, kind, patch } of unwanted) {
    t.match(
      await change(kind, Array.isArray(patch) ? 'json' : 'merge', patch),
      /denied request: .*pidguard/,
      `${kind}: ${name}`
    )
  }
})

void t.test('what it may make is known by name and kind', { skip: !hasPolicies && 'before v1.30' }, async (t) => {
  const make = async (object: object) =>
    (await kubectl.create(object, '--dry-run=server', account('pidguard-controller'))).stderr
  const secret = (name: string, type: string, annotations = {}) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, annotations },
    type,
    data: { 'tls.crt': '', 'tls.key': '' }
  })
  const tokenOf = { 'kubernetes.io/service-account.name': 'default' }
  t.match(await make(secret('pidguard-tls', 'kubernetes.io/service-account-token', tokenOf)), /pidguard may not create/)
  t.match(await make(secret('other', 'Opaque')), /pidguard may not create/)
  const lease = (name: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace }
  })
  t.match(await make(lease('other')), /pidguard may not create/)
})
