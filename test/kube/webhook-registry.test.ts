import t from 'tap'
import { webhookRegistry } from '../../src/kube/webhook-registry.ts'
import { sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const root = '/apis/admissionregistration.k8s.io/v1'
const mutating = `${root}/mutatingwebhookconfigurations/pidguard`
const validating = `${root}/validatingwebhookconfigurations/pidguard`

interface Held {
  metadata: { annotations?: Record<string, string> }
  webhooks: { name: string; clientConfig: { caBundle?: string } }[] | null
}

function configuration(...bundles: (string | undefined)[]): Held {
  return {
    metadata: {},
    webhooks: bundles.map((bundle, index) => ({
      name: `w${index}`,
      clientConfig: bundle === undefined ? {} : { caBundle: base64(bundle) }
    }))
  }
}

/** Two configurations by path, and the patches that came in. */
async function start(held: Readonly<Record<string, Held>>) {
  const patches: { path: string; type: string | undefined; body: unknown }[] = []
  const api = await startFakeApi((request, response) => {
    const path = request.url ?? ''
    const found = held[path]
    if (found === undefined) return sendStatus(response, 404)
    if (request.method !== 'PATCH') return sendJson(response, found)
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => {
      patches.push({ path, type: request.headers['content-type'], body: JSON.parse(text) })
      sendJson(response, found)
    })
  })
  return { api, patches, registry: webhookRegistry(api.client, 'pidguard') }
}

void t.test('one bundle for each webhook, empty where none is set', async (t) => {
  const { api, registry } = await start({ [mutating]: configuration('a'), [validating]: configuration('b', undefined) })
  t.teardown(() => api.stop())
  t.strictSame(await registry.read(), { bundles: ['a', 'b', ''], injected: false })
})

void t.test('a configuration that is not there, or has no webhooks, has nobody to trust', async (t) => {
  const { api, registry, patches } = await start({ [mutating]: { metadata: {}, webhooks: null } })
  t.teardown(() => api.stop())
  t.strictSame(await registry.read(), { bundles: [], injected: false })
  await registry.publish('x')
  t.strictSame(patches, [])
})

void t.test('cert-manager’s injector is told by its annotation', async (t) => {
  const annotations = { 'cert-manager.io/inject-ca-from': 'pidguard-system/pidguard' }
  const { api, registry } = await start({ [mutating]: { ...configuration('a'), metadata: { annotations } } })
  t.teardown(() => api.stop())
  t.equal((await registry.read()).injected, true)
})

void t.test('only what differs is written, and only into the webhook it was meant for', async (t) => {
  const { api, registry, patches } = await start({
    [mutating]: configuration('new'),
    [validating]: configuration('new', 'old', undefined)
  })
  t.teardown(() => api.stop())
  await registry.publish('new')
  t.strictSame(patches, [
    {
      path: validating,
      type: 'application/json-patch+json',
      body: [
        { op: 'test', path: '/webhooks/1/name', value: 'w1' },
        { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: base64('new') },
        { op: 'test', path: '/webhooks/2/name', value: 'w2' },
        { op: 'add', path: '/webhooks/2/clientConfig/caBundle', value: base64('new') }
      ]
    }
  ])
})

void t.test('other failures are told', async (t) => {
  const api = await startFakeApi((_request, response) => sendStatus(response, 403))
  t.teardown(() => api.stop())
  t.match(
    await webhookRegistry(api.client, 'pidguard')
      .read()
      .catch((error: unknown) => error),
    { failure: 'forbidden' }
  )
})
