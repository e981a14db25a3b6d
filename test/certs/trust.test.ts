import t from 'tap'
import { isTrusted } from '../../src/certs/trust.ts'
import { ringOf } from '../support/keyrings.ts'

void t.test('a leaf is trusted by a bundle that holds its authority, among others or alone', async (t) => {
  const [ring, other] = await Promise.all([ringOf(), ringOf()])
  t.equal(isTrusted(ring.leaf.cert, ring.authority.cert), true)
  t.equal(isTrusted(ring.leaf.cert, other.authority.cert + ring.authority.cert), true)
  t.equal(isTrusted(ring.leaf.cert, other.authority.cert), false, 'the same name, another key')
})

void t.test('a certificate that is itself in the bundle is trusted', async (t) => {
  const { leaf } = await ringOf()
  t.equal(isTrusted(leaf.cert, leaf.cert), true)
})

void t.test('a chain is trusted by the authority of any of its certificates', async (t) => {
  const [ring, other] = await Promise.all([ringOf(), ringOf()])
  t.equal(isTrusted(other.leaf.cert + ring.leaf.cert, ring.authority.cert), true)
})

void t.test('nothing is trusted by an empty or broken bundle', async (t) => {
  const { leaf } = await ringOf()
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  for (const bundle of ['', 'text', broken]) t.equal(isTrusted(leaf.cert, bundle), false)
  t.equal(isTrusted('', leaf.cert), false)
})
