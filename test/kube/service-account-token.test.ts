import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { serviceAccountToken } from '../../src/kube/service-account-token.ts'
import type { CallCredentialsSource } from '../../src/ports/credentials.ts'
import { sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'
import { fakeClock } from '../support/fakes.ts'

const minute = 60_000
const own: CallCredentialsSource = {
  next: async () => ({
    headers: { authorization: 'Bearer that-may-rewrite-webhooks' },
    tls: { ca: 'authority', cert: 'ours', key: 'ours', rejectUnauthorized: true, servername: undefined }
  }),
  renew() {}
}

async function setUp(t: Test) {
  const state = { count: 0, fails: false, bodies: [] as unknown[] }
  const api = await startFakeApi((request, response) => {
    void json(request).then((body) => {
      state.bodies.push(body)
      if (state.fails) return sendStatus(response, 403)
      sendJson(response, { status: { token: `t${++state.count}` } }, 201)
    })
  })
  t.teardown(() => api.stop())
  const clock = fakeClock()
  const source = serviceAccountToken(api.client, { namespace: 'pidguard-system', name: 'pidguard-kubelet' }, own, clock)
  const token = async () => (await source.next()).headers['authorization']
  return { state, asked: api.asked, clock, source, token }
}

void t.test(
  'a kubelet is sent the token of that account, and nothing of ours but the authority to trust',
  async (t) => {
    const { source, asked, state } = await setUp(t)
    t.strictSame(await source.next(), {
      headers: { authorization: 'Bearer t1' },
      tls: { ca: 'authority', cert: undefined, key: undefined, rejectUnauthorized: true, servername: undefined }
    })
    t.strictSame(asked, ['POST /api/v1/namespaces/pidguard-system/serviceaccounts/pidguard-kubelet/token'])
    t.match(state.bodies, [{ kind: 'TokenRequest', spec: { expirationSeconds: 3600 } }])
  }
)

void t.test('one token serves a fleet; it is replaced when four fifths of its life are over', async (t) => {
  const { token, clock, asked } = await setUp(t)
  await Promise.all(Array.from({ length: 20 }, token))
  clock.advance(48 * minute - 1)
  t.equal(await token(), 'Bearer t1')
  t.equal(asked.length, 1)
  clock.advance(1)
  t.equal(await token(), 'Bearer t2')
})

void t.test(
  'where a new one is refused, the old one is used as long as it lives, and then the refusal is said',
  async (t) => {
    const { token, clock, state } = await setUp(t)
    await token()
    state.fails = true
    clock.advance(60 * minute - 1)
    t.equal(await token(), 'Bearer t1')
    clock.advance(1)
    await t.rejects(token(), { message: 'no token of the ServiceAccount pidguard-system/pidguard-kubelet: status 403' })
    state.fails = false
    t.equal(await token(), 'Bearer t2')
  }
)

void t.test('a kubelet that refuses a token gets a new one', async (t) => {
  const { token, source } = await setUp(t)
  await token()
  source.renew()
  t.equal(await token(), 'Bearer t2')
})
