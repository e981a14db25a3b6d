import t, { type Test } from 'tap'
import { ObjectLists } from '../../src/kube/object-lister.ts'
import { type Answer, sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'

const group = {
  preferredVersion: { groupVersion: 'example.com/v2' },
  versions: [
    { groupVersion: 'example.com/v3alpha1' },
    { groupVersion: 'example.com/v2' },
    { groupVersion: 'example.com/v1' }
  ]
}
const resources: Readonly<Record<string, object>> = {
  '/apis/example.com': group,
  '/apis/example.com/v2': {
    resources: [
      { name: 'widgets/gadget', kind: 'Gadget' },
      { name: 'widgets', kind: 'Widget', namespaced: true }
    ]
  },
  '/apis/example.com/v3alpha1': { resources: [{ name: 'gadgetry', kind: 'Gadget', namespaced: false }] },
  '/apis/example.com/v1': { resources: [{ name: 'widgets', kind: 'Widget' }] }
}

async function served(t: Test, kind: string, answer: Answer = known) {
  const api = await startFakeApi(answer)
  t.teardown(() => api.stop())
  const lists = new ObjectLists(api.client, { step() {} }, new AbortController().signal, 1)
  return await lists.served('example.com', kind)
}

const known: Answer = (request, response) => {
  const found = resources[request.url ?? '']
  if (found === undefined) sendStatus(response, 404)
  else sendJson(response, found)
}

void t.test('a kind is listed in the preferred version, or in another that has it', async (t) => {
  const widget = { kind: 'Widget', plural: 'widgets', apiVersions: ['example.com/v2'], isClusterWide: false }
  t.strictSame(await served(t, 'Widget'), widget)
  const gadget = { kind: 'Gadget', plural: 'gadgetry', apiVersions: ['example.com/v3alpha1'], isClusterWide: true }
  t.strictSame(await served(t, 'Gadget'), gadget, 'and a subresource is none')
})

void t.test('one that is not served is no failure', async (t) => {
  t.equal(await served(t, 'Gizmo'), undefined)
  t.equal(await served(t, 'Widget', (_request, response) => sendStatus(response, 404)), undefined)
})

void t.test('one that cannot be found out is a failure that says why', async (t) => {
  t.match(await served(t, 'Widget', (_request, response) => sendStatus(response, 403)), {
    kind: 'Widget',
    part: 'Widget.example.com',
    reason: 'forbidden'
  })
  t.match(await served(t, 'Widget', (_request, response) => sendJson(response, [])), { reason: 'malformed' })
})

void t.test('where the API server does not answer nothing can be read', async (t) => {
  await t.rejects(
    served(t, 'Widget', (request) => request.socket.destroy()),
    { code: 'ERR_CLUSTER_UNREACHABLE' }
  )
})
