import t from 'tap'
import { authoritiesIn, dataOf, isOurs, keyringOf, managedMark, marksOf, trustedBy } from '../../src/certs/keyring.ts'
import { ringOf } from '../support/keyrings.ts'

void t.test('a ring survives its Secret, with and without what only a change needs', async (t) => {
  for (const ring of [await ringOf(), await ringOf({ next: 480 }), await ringOf({ previous: -480 })]) {
    t.strictSame(keyringOf(dataOf(ring)), ring)
  }
})

void t.test('a ring that lacks anything, or holds something else, is none', async (t) => {
  const data = dataOf(await ringOf())
  for (const name of Object.keys(data)) {
    const { [name]: _, ...rest } = data
    t.equal(keyringOf(rest), undefined, `without ${name}`)
  }
  t.equal(keyringOf({ ...data, 'ca.crt': 'no certificate' }), undefined)
  t.equal(keyringOf({ ...data, 'tls.crt': '' }), undefined)
  t.equal(keyringOf({}), undefined)
})

void t.test('an unreadable next or previous authority is left out', async (t) => {
  const ring = await ringOf({ next: 480, previous: -480 })
  const data = { ...dataOf(ring), 'next-ca.crt': 'x', 'previous-ca.crt': 'x' }
  t.strictSame(keyringOf(data), { ...ring, next: undefined, previous: undefined })
})

void t.test('trusted are all three authorities, the one that signs first', async (t) => {
  const ring = await ringOf({ next: 480, previous: -480 })
  t.equal(trustedBy(ring), `${ring.authority.cert}${ring.next?.cert}${ring.previous}`)
  t.equal(trustedBy({ ...ring, next: undefined }), `${ring.authority.cert}${ring.previous}`)
  t.equal(trustedBy({ ...ring, previous: undefined }), `${ring.authority.cert}${ring.next?.cert}`)
})

void t.test('the authorities of a Secret are all that it holds, ours or those of others', async (t) => {
  const ring = await ringOf({ next: 480, previous: -480 })
  const count = (data: Record<string, string>) => authoritiesIn(data).match(/BEGIN CERTIFICATE/g)?.length ?? 0
  t.equal(count(dataOf(ring)), 3)
  t.equal(count({ 'tls.crt': ring.leaf.cert, 'tls.key': ring.leaf.key, 'ca.crt': ring.authority.cert }), 1)
  t.equal(authoritiesIn({ 'tls.crt': ring.leaf.cert, 'tls.key': ring.leaf.key }).trim(), '')
  t.notMatch(authoritiesIn(dataOf(ring)), /PRIVATE/)
})

void t.test('an authority with the key of another is no ring: nobody would trust what it signs', async (t) => {
  const [ring, other] = await Promise.all([ringOf(), ringOf()])
  for (const key of [other.authority.key, 'x']) t.equal(keyringOf({ ...dataOf(ring), 'ca.key': key }), undefined)
})

void t.test('what somebody else put over ours is theirs, also with our marks still on it', async (t) => {
  const [data, theirs] = (await Promise.all([ringOf(), ringOf()])).map(dataOf)
  if (data === undefined || theirs === undefined) return t.fail()
  const annotations = marksOf(data)
  t.equal(isOurs({ annotations, data }), true)
  t.equal(isOurs({ annotations, data: { ...data, 'tls.crt': `${data['tls.crt']}\n` } }), true, 'only space differs')
  for (const name of ['tls.crt', 'ca.crt']) {
    t.equal(isOurs({ annotations, data: { ...data, [name]: theirs[name] ?? '' } }), false, name)
  }
  const { 'ca.crt': _, ...without } = data
  t.equal(isOurs({ annotations, data: without }), false)
})

const owners = [
  { name: 'no mark', annotations: {}, want: false },
  { name: 'another value', annotations: { [managedMark.name]: 'by-hand' }, want: false },
  { name: 'our mark', annotations: { [managedMark.name]: managedMark.value }, want: true },
  {
    name: 'our mark, and cert-manager has taken it over',
    annotations: { [managedMark.name]: managedMark.value, 'cert-manager.io/certificate-name': 'pidguard' },
    want: false
  }
]
for (const { name, annotations, want } of owners) {
  void t.test(`${want ? 'ours' : 'not ours'}: ${name}`, async (t) => {
    t.equal(isOurs({ annotations, data: {} }), want)
  })
}
