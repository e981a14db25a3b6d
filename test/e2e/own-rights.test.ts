// What a token of ours can do when somebody else has it, with every component that gives rights: the webhook's changes nothing,
// that of kubelets opens what kubelets say, and with the component own-rights the controller's changes what the program changes.
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { type ApiAnswer, ApiClient } from './support/api-client.ts'
import { startControlPlane } from './support/control-plane.ts'
import { type Component, caBundles, install, patience } from './support/installation.ts'
import { addNode } from './support/nodes.ts'
import { type Held, unwantedWrites, type Write, wantedWrites } from './support/unwanted-writes.ts'
import { until, untilIs } from './support/wait.ts'

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl, api } = plane
const namespace = 'pidguard-system'
/** ValidatingAdmissionPolicy is v1 from there on. */
const hasPolicies = plane.version.minor >= 30
const skip = !hasPolicies && 'before v1.30'
const components: Component[] = ['node-taints', 'scheduler', 'audit', 'policy-reports', 'audit-reports']
const installation = await install(plane, 'default', components, patience)
await addNode(plane, 'node-a')

/** The API with a token of the account, as its process has it. */
async function as(account: string): Promise<ApiClient> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`
  const { body } = await api.post(path, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} })
  const client = new ApiClient(plane.url, plane.authority.certificate, body.status?.token ?? '')
  t.teardown(() => client.close())
  return client
}

const webhook = await as('pidguard')
const controller = await as('pidguard-controller')

interface Rule {
  readonly verbs: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
}

/** What the API server itself says that the account may do in a namespace, and in none. */
async function rulesOf(client: ApiClient, where: string): Promise<readonly Rule[]> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: where } }
  const { status, body } = await client.post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', review)
  if (status !== 201) throw new Error(`rules: ${status} ${body.message}`)
  return (body as { status: { resourceRules: readonly Rule[] } }).status.resourceRules
}

void t.test('the webhook may change nothing, as the API server lists its rights', async (t) => {
  for (const where of [namespace, 'kube-system', 'default']) {
    const changing = (await rulesOf(webhook, where))
      .map(({ verbs, ...rule }) => ({
        verbs: verbs.filter((verb) => !['get', 'list', 'watch'].includes(verb)),
        ...rule
      }))
      .filter(({ verbs }) => verbs.length > 0)
      .flatMap(({ verbs, resources = [], resourceNames = [''] }) =>
        verbs.flatMap((verb) => resources.flatMap((each) => resourceNames.map((name) => `${verb} ${each}/${name}`)))
      )
      // Every account may ask about itself; nothing of it is stored.
      .filter((right) => !right.includes('selfsubject'))
    t.strictSame(changing, where === namespace ? ['create serviceaccounts/token/pidguard-kubelet'] : [], where)
  }
})

void t.test('the token that kubelets see opens what kubelets say, and nothing of the API', async (t) => {
  const may = async (...what: string[]) =>
    (
      await kubectl.run(['auth', 'can-i', ...what, `--as=system:serviceaccount:${namespace}:pidguard-kubelet`])
    ).stdout.trim()
  for (const part of ['stats', 'metrics']) t.equal(await may('get', 'nodes', `--subresource=${part}`), 'yes', part)
  t.equal(await may('get', 'nodes', '--subresource=proxy'), 'no')
  const rightsOf = async (account: string): Promise<string[]> =>
    (await rulesOf(await as(account), namespace)).flatMap(({ verbs, resources = [] }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`))
    )
  // What every account may, by the API server's own roles.
  await kubectl.ok(['create', 'serviceaccount', 'plain', `-n=${namespace}`])
  const usual = new Set(await rightsOf('plain'))
  const beside = (await rightsOf('pidguard-kubelet')).filter(
    (right) => !usual.has(right) && !/^get nodes\/(stats|metrics|configz)$/.test(right)
  )
  t.strictSame(beside, [])
})

/** What the API server says of a write that it must not keep. */
async function tried(client: ApiClient, { method, path, body, contentType }: Write): Promise<ApiAnswer> {
  return client.send(method, `${path}${path.includes('?') ? '&' : '?'}dryRun=All`, body, contentType)
}

async function held(): Promise<Held> {
  const registered = async (resource: string): Promise<JsonRecord> =>
    (await api.get(`/apis/admissionregistration.k8s.io/v1/${resource}/pidguard`)).body as JsonRecord
  const node = (await api.get('/api/v1/nodes/node-a')).body as { spec?: { taints?: readonly object[] } }
  return {
    mutating: await registered('mutatingwebhookconfigurations'),
    validating: await registered('validatingwebhookconfigurations'),
    node: 'node-a',
    taints: node.spec?.taints ?? []
  }
}

void t.test('none of the unwanted writes goes through with the token of the webhook', async (t) => {
  const writes = unwantedWrites(await held())
  t.ok(writes.length >= 80, `${writes.length}`)
  for (const write of writes) {
    const { status, body } = await tried(webhook, write)
    t.match({ status, message: body.message }, { status: 403, message: /cannot|forbidden/ }, write.name)
  }
})

void t.test('nor any of the wanted ones: they are the controller’s', async (t) => {
  const wanted = wantedWrites(await held())
  for (const write of wanted.filter(({ name }) => name !== 'token: for kubelets')) {
    t.equal((await tried(webhook, write)).status, 403, write.name)
  }
})

void t.test('own-rights is applied, and both processes start and work under it', { skip }, async (t) => {
  const before = (await doctor()).text
  t.match(before, /info {3}own-rights: not applied/)
  // To what is installed, as a person adds a component later.
  const folder = resolve(import.meta.dirname, '../../manifests/components/own-rights')
  const files = readdirSync(folder).filter((file) => file.startsWith('own-'))
  await kubectl.ok(['apply', ...files.map((file) => `--filename=${join(folder, file)}`)])
  await until('the policies', async () => {
    const [write] = unwantedWrites(await held()).filter(({ name }) => name.endsWith('a label'))
    return write !== undefined && (await tried(controller, write)).status !== 200
  })
  const leader = await installation.startController('--readings=kubelet')
  const replica = await installation.start('--readings=kubelet')
  await replica.ready()
  t.equal(new Set(await caBundles(plane)).size, 1)
  await untilIs(
    'both budgets',
    async () => (await kubectl.ok(['get', 'pdb', `-n=${namespace}`, '-o=name'])).trim().split('\n').length,
    2
  )
  t.match((await doctor()).text, /ok {5}own-rights: in force/)
  await Promise.all([replica.stop(), leader.stop()])
})

void t.test('none of the unwanted writes goes through with the token of the controller', { skip }, async (t) => {
  const through: string[] = []
  const by = { policy: 0, rights: 0, others: 0 }
  const writes = unwantedWrites(await held())
  for (const write of writes) {
    const { status, body } = await tried(controller, write)
    if (status < 300) through.push(write.name)
    const message = body.message ?? ''
    by[/own-[\w-]+\.pidguard\.io/.test(message) ? 'policy' : / cannot /.test(message) ? 'rights' : 'others']++
  }
  t.strictSame(through, [])
  t.ok(writes.length >= 80, `${writes.length}`)
  t.comment(`${writes.length} writes, refused: ${JSON.stringify(by)}`)
  t.ok(by.policy >= 40, 'most of them pass RBAC, and are held by the policies alone')
})

void t.test('every wanted write passes', { skip }, async (t) => {
  for (const write of wantedWrites(await held())) {
    const { status, body } = await tried(controller, write)
    t.ok(status < 300, `${write.name}: ${status} ${body.message ?? ''}`)
  }
})

void t.test('a policy that matches no account any more is an error of doctor', { skip }, async (t) => {
  await kubectl.ok(['delete', 'validatingadmissionpolicybinding', 'own-webhooks.pidguard.io'])
  await until('the policy without effect', async () =>
    (await doctor()).text.includes('ERROR  own-rights: not in force')
  )
  t.pass('said')
})

function doctor(): Promise<{ text: string }> {
  const program = resolve(import.meta.dirname, '../../dist/main.js')
  const args = [program, 'doctor', `--kubeconfig=${join(plane.folder, 'kubeconfig')}`]
  return new Promise((done) => {
    execFile(process.execPath, args, (_error, stdout, stderr) => done({ text: stdout + stderr }))
  })
}
