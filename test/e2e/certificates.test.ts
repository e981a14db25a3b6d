import { X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { issueAuthority, issueLeaf } from '../../src/certs/issue.ts'
import { startControlPlane } from './support/control-plane.ts'
import { caBundles, install, patience, type Running, secretData } from './support/installation.ts'
import { pod } from './support/objects.ts'
import { startTraffic } from './support/traffic.ts'
import { until } from './support/wait.ts'

const second = 1_000
const names = ['pidguard.pidguard-system.svc']

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl, api } = plane
// Where namespaces do not carry their name as a label (v1.20), strict asks for it.
await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
const installation = await install(plane, 'strict', [], patience)

/** Seconds instead of months: a leaf is renewed after 20 s, an authority after 60. */
const quick = ['--cert-leaf-life=30s', '--cert-ca-life=90s', '--cert-overlap=6s']
let running: Running[] = []
/** So many replicas, and two controllers with these arguments. */
async function start(count: number, ...args: string[]): Promise<void> {
  running = await Promise.all([
    ...Array.from({ length: 2 }, () => installation.startController(...args)),
    ...Array.from({ length: count }, () => installation.start())
  ])
  await Promise.all(running.map((each) => each.ready()))
}
async function stopAll(): Promise<void> {
  await Promise.all(running.map((each) => each.stop()))
}

/** In one step: where there is no Secret for a moment, the controller makes one. */
async function applySecret(data: Record<string, string>, annotations: Record<string, string> = {}): Promise<void> {
  const metadata = { name: 'pidguard-tls', namespace: 'pidguard-system', annotations }
  const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, stringData: data }
  const path = '/api/v1/namespaces/pidguard-system/secrets/pidguard-tls'
  const { status, body } = await api.put(path, secret)
  if (status !== 200) throw new Error(`the Secret: ${status} ${body.message}`)
}

async function isGuarded(): Promise<boolean> {
  const { stderr } = await kubectl.create(pod({ name: 'greedy', namespace: 'shop' }), '--dry-run=server')
  return stderr.includes('best-effort')
}

void t.test(
  'a controller makes one certificate, and three replicas become ready once the API server trusts it',
  async (t) => {
    await start(3, ...quick)
    const { 'ca.crt': authority = '', 'tls.crt': leaf = '' } = await secretData(plane)
    t.ok(new X509Certificate(leaf).verify(new X509Certificate(authority).publicKey))
    t.strictSame([...new Set(await caBundles(plane))], [authority])
    await until('a refusal by name of the Service', isGuarded)
    const lease = await kubectl.ok([
      'get',
      'lease/pidguard',
      '--namespace=pidguard-system',
      '-o=jsonpath={.spec.holderIdentity}'
    ])
    t.not(lease, '')
    const budgets = await kubectl.ok(['get', 'pdb', '--namespace=pidguard-system'])
    for (const name of ['pidguard', 'pidguard-controller']) t.match(budgets, new RegExp(`^${name} +N/A +1`, 'm'))
  }
)

void t.test('leaf and authority are renewed under load: no call fails, none passes by', async (t) => {
  const leaves = new Set<string>()
  const authorities = new Set<string>()
  const sizes = new Set<number>()
  let size = 0
  const traffic = startTraffic(plane, 'shop', 4)
  const end = Date.now() + 120 * second
  // A whole change of authority, or the time is over.
  while (Date.now() < end && (authorities.size < 2 || sizes.size < 2 || leaves.size < 4 || size > 1)) {
    const data = await secretData(plane)
    leaves.add(data['tls.crt'] ?? '')
    authorities.add(data['ca.crt'] ?? '')
    size = (await caBundles(plane))[0]?.match(/BEGIN/g)?.length ?? 0
    sizes.add(size)
    await sleep(second / 2)
  }
  const { calls, refused, missed } = await traffic.stop()
  t.comment(`${calls} calls, ${leaves.size} leaves, ${authorities.size} authorities`)
  t.strictSame(refused, [])
  t.equal(missed, 0)
  t.ok(calls > 300, `${calls} calls`)
  t.ok(leaves.size >= 4, `${leaves.size} leaves`)
  t.ok(authorities.size >= 2, `${authorities.size} authorities`)
  t.strictSame(sizes, new Set([1, 2]), 'caBundle holds both while they change')
  t.notMatch(plane.log('kube-apiserver'), /failed calling webhook/i)
})

void t.test('a wrong caBundle is mended', async (t) => {
  const foreign = await issueAuthority('foreign', { from: Date.now(), days: 1 })
  const caBundle = Buffer.from(foreign.cert).toString('base64')
  const patch = [{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }]
  await kubectl.ok([
    'patch',
    'validatingwebhookconfiguration/pidguard',
    '--type=json',
    `--patch=${JSON.stringify(patch)}`
  ])
  await until('the right one', async () => new Set(await caBundles(plane)).size === 1)
  await until('a refusal', isGuarded)
  t.pass('guarded again')
})

void t.test('everything expired while nobody ran: mended by the next start', async (t) => {
  await stopAll()
  const from = Date.now() - 400 * 86_400 * second
  const authority = await issueAuthority('old', { from, days: 300 })
  const leaf = await issueLeaf(authority, names, { from, days: 90 })
  await applySecret(
    { 'tls.crt': leaf.cert, 'tls.key': leaf.key, 'ca.crt': authority.cert, 'ca.key': authority.key },
    { 'pidguard.io/certificates': 'self-managed' }
  )
  await start(2)
  t.not((await secretData(plane))['ca.crt'], authority.cert)
  await until('a refusal', isGuarded)
})

void t.test('kubectl apply of a pair over ours: it keeps our marks, and is not ours any more', async (t) => {
  const authority = await issueAuthority('company', { from: Date.now(), days: 30 })
  // Due, if it were ours: two thirds of its life are over.
  const leaf = await issueLeaf(authority, names, { from: Date.now() - 8 * 86_400 * second, days: 10 })
  const data = { 'tls.crt': leaf.cert, 'tls.key': leaf.key, 'ca.crt': authority.cert }
  const metadata = { name: 'pidguard-tls', namespace: 'pidguard-system' }
  const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, stringData: data }
  await kubectl.ok(['apply', '--filename=-'], JSON.stringify(secret))
  await until('trust in it', async () => (await caBundles(plane)).every((bundle) => bundle === authority.cert))
  await until('a refusal', isGuarded)
  await sleep(6 * second)
  const held = await secretData(plane)
  t.strictSame({ ...held, ...data }, held)
  t.ok(held['ca.key'], 'merged into ours')
})

void t.test('a Secret of somebody else is served, trusted and never written; the next of it too', async (t) => {
  const authority = await issueAuthority('company', { from: Date.now(), days: 30 })
  for (const days of [10, -1, 5]) {
    // The one in the middle has expired: it would be renewed if it were ours.
    const from = Date.now() - (days < 0 ? 5 : 0) * 86_400 * second
    const leaf = await issueLeaf(authority, names, { from, days: Math.abs(days) })
    const data = { 'tls.crt': leaf.cert, 'tls.key': leaf.key, 'ca.crt': authority.cert }
    await applySecret(data)
    if (days > 0) {
      await until('trust in it', async () => (await caBundles(plane)).every((bundle) => bundle === authority.cert))
      await until('a refusal', isGuarded)
    } else {
      await sleep(6 * second)
    }
    t.strictSame(await secretData(plane), data)
  }
})

void t.test('told to stop, the leader gives the lease back', async (t) => {
  await stopAll()
  const holder = await kubectl.ok(['get', 'lease/pidguard', '-n=pidguard-system', '-o=jsonpath={.spec.holderIdentity}'])
  t.equal(holder, '')
})
