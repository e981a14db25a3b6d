import t from 'tap'
import { listFelixConfigurations } from '../../src/kube/list-felix-configurations.ts'
import { sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'

const signal = new AbortController().signal

t.test('all of them, of the group that is served', async (t) => {
  const api = await startFakeApi((request, response) => {
    if (request.url?.includes('/projectcalico.org/')) return sendStatus(response, 404)
    const items = [{ metadata: { name: 'node.a' }, spec: { iptablesBackend: 'Legacy', nftablesMode: 'Disabled' } }]
    sendJson(response, { metadata: { resourceVersion: '1' }, items })
  })
  t.teardown(() => api.stop())
  t.strictSame(await listFelixConfigurations(api.client, signal), {
    known: [{ name: 'node.a', iptablesBackend: 'Legacy', nftablesMode: 'Disabled' }],
    failures: []
  })
})

t.test('none where no group is served; unknown where they may not be read', async (t) => {
  let status = 404
  const api = await startFakeApi((_request, response) => sendStatus(response, status))
  t.teardown(() => api.stop())
  t.strictSame((await listFelixConfigurations(api.client, signal)).known, [])
  status = 403
  const { known, failures } = await listFelixConfigurations(api.client, signal)
  t.equal(known, undefined)
  t.match(failures, [{ kind: 'FelixConfiguration', reason: 'forbidden' }])
})
