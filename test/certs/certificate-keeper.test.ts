import t from 'tap'
import { CertificateKeeper, type KeeperDeps } from '../../src/certs/certificate-keeper.ts'
import { dataOf, keyringOf, managedMark, marksOf, trustedBy } from '../../src/certs/keyring.ts'
import { FakeRegistry, FakeSecret } from '../support/certificates.ts'
import { memoryLog } from '../support/fake-api.ts'
import { birth, day, ringOf, terms } from '../support/keyrings.ts'

const marked = { [managedMark.name]: managedMark.value }

function setUp(change: Partial<KeeperDeps> = {}) {
  const secret = new FakeSecret()
  const registry = new FakeRegistry()
  const time = { now: birth }
  const clock = { now: () => time.now, monotonic: () => time.now }
  const deps: KeeperDeps = { secret, registry, terms, clock, log: memoryLog(), issuer: 'pidguard', ...change }
  return { secret, registry, time, keeper: new CertificateKeeper(deps), another: new CertificateKeeper(deps) }
}

void t.test('the first leader makes everything, and the API server trusts it at once', async (t) => {
  const { secret, registry, keeper } = setUp()
  const { pair, obstacle } = await keeper.look(true)
  t.equal(pair?.cert, secret.held?.data['tls.crt'])
  t.equal(obstacle, undefined)
  t.strictSame(secret.held?.annotations, marksOf(secret.held?.data ?? {}))
  const ring = keyringOf(secret.held?.data ?? {})
  t.strictSame(registry.bundles, [ring && trustedBy(ring), ring && trustedBy(ring)])
})

void t.test('who does not lead waits, and writes nothing', async (t) => {
  const { secret, registry, keeper, another } = setUp()
  t.match(await keeper.look(false), { pair: undefined, obstacle: /controller/ })
  await another.look(true)
  registry.bundles = ['', '']
  t.match((await keeper.look(false)).obstacle, /caBundle/)
  await another.look(true)
  t.equal((await keeper.look(false)).obstacle, undefined)
  t.equal(secret.writes, 1)
})

void t.test('a second look of the leader changes nothing, and what the first one wrote is in the log', async (t) => {
  const log = memoryLog()
  const { secret, registry, keeper } = setUp({ log })
  await keeper.look(true)
  await keeper.look(true)
  t.equal(secret.writes, 1)
  t.equal(registry.publishes, 1)
  t.match(log.lines, [
    { level: 'info', message: 'certificates renewed' },
    { level: 'info', message: 'caBundle written', fields: { webhooks: 2 } }
  ])
  t.equal(log.lines.length, 2)
})

void t.test('a change of authority: trusted first, then used, then forgotten', async (t) => {
  const { secret, registry, time, keeper } = setUp()
  await keeper.look(true)
  const first = keyringOf(secret.held?.data ?? {})
  const certificates = (): number => (registry.bundles[0]?.match(/BEGIN/g) ?? []).length
  const seen: string[] = []
  for (const days of [60, 120, 180, 240, 300, 360, 420, 480, 480.5, 481, 481.5, 482, 483]) {
    time.now = birth + days * day
    t.equal((await keeper.look(true)).obstacle, undefined, `day ${days}`)
    const ring = keyringOf(secret.held?.data ?? {})
    seen.push(`${days}: ${ring?.authority.cert === first?.authority.cert ? 'old' : 'new'}, ${certificates()} trusted`)
  }
  t.strictSame(seen.slice(-6), [
    '480: old, 2 trusted',
    '480.5: old, 2 trusted',
    '481: new, 2 trusted',
    '481.5: new, 2 trusted',
    '482: new, 1 trusted',
    '483: new, 1 trusted'
  ])
})

void t.test('a caBundle that somebody has broken is mended', async (t) => {
  const { registry, keeper } = setUp()
  await keeper.look(true)
  registry.bundles = ['wrong', registry.bundles[1] ?? '']
  t.match((await keeper.look(false)).obstacle, /caBundle/)
  t.equal((await keeper.look(true)).obstacle, undefined)
})

void t.test('a Secret without our mark is served and never written, and its authority is published', async (t) => {
  const { secret, registry, keeper, time } = setUp()
  const { leaf, authority } = await ringOf()
  secret.put({}, { 'tls.crt': leaf.cert, 'tls.key': leaf.key, 'ca.crt': authority.cert })
  t.match(await keeper.look(true), { pair: { cert: leaf.cert }, obstacle: undefined })
  t.strictSame(registry.bundles, [authority.cert, authority.cert])
  time.now = birth + 100 * day
  t.match((await keeper.look(true)).obstacle, /expired/)
  t.equal(secret.writes, 0)
})

void t.test(
  'certificates that kubectl apply merges into ours are served from then on, and never written',
  async (t) => {
    const { secret, registry, keeper, time } = setUp()
    await keeper.look(true)
    const { annotations, data } = secret.held ?? { annotations: {}, data: {} }
    const { leaf, authority } = await ringOf()
    const theirs = { ...data, 'tls.crt': leaf.cert, 'tls.key': leaf.key, 'ca.crt': authority.cert }
    secret.put({ ...annotations }, theirs)
    t.match(await keeper.look(true), { pair: { cert: leaf.cert }, obstacle: undefined })
    t.strictSame(registry.bundles, [authority.cert, authority.cert])
    time.now = birth + 70 * day
    await keeper.look(true)
    t.strictSame(secret.held?.data, theirs, 'renewed by whoever gave them')
    t.equal(secret.writes, 1)
  }
)

void t.test('a Secret that does not say who signed leaves caBundle alone', async (t) => {
  const { secret, registry, keeper } = setUp()
  const { leaf, authority } = await ringOf()
  secret.put({}, { 'tls.crt': leaf.cert, 'tls.key': leaf.key })
  t.equal((await keeper.look(true)).obstacle, undefined, 'the API server’s machine may trust it')
  registry.bundles = [authority.cert, (await ringOf()).authority.cert]
  t.match((await keeper.look(true)).obstacle, /caBundle/)
  t.equal(registry.publishes, 0)
})

void t.test('cert-manager makes the Secret and writes caBundle; we wait for both', async (t) => {
  const { secret, registry, keeper } = setUp({ issuer: 'other' })
  t.match(await keeper.look(true), { pair: undefined, obstacle: /Secret/ })
  const { leaf, authority } = await ringOf()
  registry.injected = true
  secret.put({ 'cert-manager.io/certificate-name': 'pidguard' }, dataOf(await ringOf()))
  secret.put({}, { 'tls.crt': leaf.cert, 'tls.key': leaf.key, 'ca.crt': authority.cert })
  registry.bundles = [(await ringOf()).authority.cert, authority.cert]
  t.match((await keeper.look(true)).obstacle, /caBundle/)
  registry.bundles = [authority.cert, authority.cert]
  t.equal((await keeper.look(true)).obstacle, undefined)
  t.equal(secret.writes + registry.publishes, 0)
})

void t.test('who loses a race takes what the other wrote', async (t) => {
  const { secret, registry, keeper } = setUp()
  const ring = await ringOf()
  secret.intruder = () => secret.put(marked, dataOf(ring))
  const { pair, obstacle } = await keeper.look(true)
  t.equal(pair?.cert, ring.leaf.cert)
  t.equal(obstacle, undefined)
  t.strictSame(registry.bundles, [trustedBy(ring), trustedBy(ring)])
  t.equal(secret.writes, 0)
})

void t.test('without webhook configurations nobody calls, and nothing stands in the way', async (t) => {
  const { registry, keeper } = setUp()
  registry.bundles = []
  t.equal((await keeper.look(true)).obstacle, undefined)
  t.equal(registry.publishes, 0)
})

void t.test('a broken Secret of somebody else is told; one of ours is made anew', async (t) => {
  const { secret, keeper } = setUp()
  secret.put({}, { 'tls.crt': 'x', 'tls.key': 'y' })
  await t.rejects(keeper.look(true), { code: 'ERR_CERTIFICATE' })
  secret.put(marked, { 'tls.crt': 'x', 'tls.key': 'y' })
  t.equal((await keeper.look(true)).obstacle, undefined)
  t.equal(secret.writes, 1)
})

void t.test('everything expired while nobody ran: mended at the first look', async (t) => {
  const { keeper, time, another } = setUp()
  await keeper.look(true)
  time.now = birth + 5000 * day
  t.match((await another.look(false)).obstacle, /expired/)
  t.equal((await another.look(true)).obstacle, undefined)
})
