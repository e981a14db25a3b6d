import t from 'tap'
import { CertificateKeeper } from '../../src/certs/certificate-keeper.ts'
import { CertificateReader } from '../../src/certs/certificate-reader.ts'
import { FakeRegistry, FakeSecret } from '../support/certificates.ts'
import { memoryLog } from '../support/fake-api.ts'
import { birth, day, terms } from '../support/keyrings.ts'

function setUp() {
  const secret = new FakeSecret()
  const registry = new FakeRegistry()
  const time = { now: birth }
  const clock = { now: () => time.now, monotonic: () => time.now }
  let asked = 0
  const reader = new CertificateReader({
    secret,
    registry: {
      read() {
        asked++
        return registry.read()
      }
    },
    clock
  })
  const keeper = new CertificateKeeper({ secret, registry, terms, clock, log: memoryLog(), issuer: 'pidguard' })
  return { secret, registry, time, reader, keeper, asked: () => asked }
}

void t.test('a reader waits for what the controller makes, and writes nothing', async (t) => {
  const { secret, registry, reader, keeper } = setUp()
  t.match(await reader.look(), { pair: undefined, obstacle: /Secret .* is not there yet/ })
  t.equal(secret.held, undefined)
  await keeper.look(true)
  const { writes } = secret
  const { publishes } = registry
  t.match(await reader.look(), { pair: { cert: secret.held?.data['tls.crt'] }, obstacle: undefined })
  t.equal(secret.writes, writes)
  t.equal(registry.publishes, publishes)
})

void t.test('until the API server trusts it, both are read; from then on the Secret alone', async (t) => {
  const { secret, registry, time, reader, keeper, asked } = setUp()
  await keeper.look(true)
  registry.bundles = ['', '']
  t.match((await reader.look()).obstacle, /caBundle/)
  await keeper.look(true)
  t.equal((await reader.look()).obstacle, undefined)
  t.equal(asked(), 2)
  time.now += 60 * day
  await keeper.look(true)
  t.equal((await reader.look()).pair?.cert, secret.held?.data['tls.crt'], 'a renewed pair is served')
  t.equal(asked(), 2)
})

void t.test('one that has expired is said, and a Secret without a pair is an error', async (t) => {
  const { secret, time, reader, keeper } = setUp()
  await keeper.look(true)
  time.now += 400 * day
  t.match((await reader.look()).obstacle, /expired/)
  const { 'tls.crt': cert = '', 'tls.key': key = '' } = secret.held?.data ?? {}
  for (const data of [{}, { 'tls.crt': 'none' }, { 'tls.crt': cert }, { 'tls.key': key }]) {
    secret.put({}, data)
    await t.rejects(reader.look(), { code: 'ERR_CERTIFICATE' })
  }
})

void t.test('one that expires this very moment has expired', async (t) => {
  const { time, reader, keeper } = setUp()
  await keeper.look(true)
  const expiresAt = (await reader.look()).pair?.expiresAt ?? 0
  time.now = expiresAt - 1
  t.notMatch((await reader.look()).obstacle ?? '', /expired/)
  time.now = expiresAt
  t.match((await reader.look()).obstacle, /expired/)
})

void t.test(
  'an empty bundle is a foreign certificate’s own business: the machine’s authorities may know it',
  async (t) => {
    const { secret, registry, reader, keeper } = setUp()
    await keeper.look(true)
    secret.put({}, secret.held?.data ?? {})
    registry.bundles = ['', '']
    t.equal((await reader.look()).obstacle, undefined)
  }
)
