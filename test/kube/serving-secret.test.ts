import t from 'tap'
import { servingSecret } from '../../src/kube/serving-secret.ts'
import { sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'

const path = '/api/v1/namespaces/pidguard-system/secrets'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const stored = {
  metadata: { resourceVersion: '7', annotations: { a: 'b' } },
  data: { 'tls.crt': base64('zertifikat – ü'), 'tls.key': base64('key') }
}
const held = { version: '7', annotations: { a: 'b' }, data: { 'tls.crt': 'zertifikat – ü', 'tls.key': 'key' } }

void t.test('a Secret is read as texts; one that is not there is undefined', async (t) => {
  const api = await startFakeApi((request, response) =>
    request.url === `${path}/there` ? sendJson(response, stored) : sendStatus(response, 404)
  )
  t.teardown(() => api.stop())
  t.strictSame(await servingSecret(api.client, 'pidguard-system', 'there').read(), held)
  t.equal(await servingSecret(api.client, 'pidguard-system', 'gone').read(), undefined)
})

void t.test('a Secret without data or annotations is one all the same', async (t) => {
  const api = await startFakeApi((_request, response) =>
    sendJson(response, { metadata: { annotations: null }, data: null })
  )
  t.teardown(() => api.stop())
  const want = { version: '', annotations: {}, data: {} }
  t.strictSame(await servingSecret(api.client, 'pidguard-system', 'empty').read(), want)
})

void t.test('a refusal is not taken for absence', async (t) => {
  const api = await startFakeApi((_request, response) => sendStatus(response, 403))
  t.teardown(() => api.stop())
  t.match(
    await servingSecret(api.client, 'pidguard-system', 'x')
      .read()
      .catch((error: unknown) => error),
    { failure: 'forbidden' }
  )
})

void t.test('the first is created, a later one replaces exactly what was read; a lost race is undefined', async (t) => {
  let conflict = false
  const bodies: { metadata: { resourceVersion?: string }; data: object; type: string }[] = []
  const api = await startFakeApi((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => {
      bodies.push(JSON.parse(text))
      if (conflict) sendStatus(response, 409)
      else sendJson(response, stored)
    })
  })
  t.teardown(() => api.stop())
  const store = servingSecret(api.client, 'pidguard-system', 'pidguard-tls')
  t.strictSame(await store.write(held, undefined), held)
  t.strictSame(await store.write(held, held), held)
  t.strictSame(api.asked, [`POST ${path}`, `PUT ${path}/pidguard-tls`])
  t.match(bodies, [
    { type: 'kubernetes.io/tls', metadata: { name: 'pidguard-tls', annotations: { a: 'b' } }, data: stored.data },
    { metadata: { resourceVersion: '7' } }
  ])
  t.equal(bodies[0]?.metadata.resourceVersion, undefined)
  conflict = true
  t.equal(await store.write(held, undefined), undefined)
  t.equal(await store.write(held, held), undefined)
})
