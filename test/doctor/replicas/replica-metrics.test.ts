import t from 'tap'
import { askReplicas, type ReplicaPod } from '../../../src/doctor/replicas/replica-metrics.ts'
import { sendStatus, startFakeApi } from '../../support/fake-api.ts'

function replica(name: string, change: Partial<ReplicaPod['status']> = {}, port = 'probes'): ReplicaPod {
  const ports = [
    { name: 'admission', containerPort: 8443 },
    { name: port, containerPort: 18080 }
  ]
  return { metadata: { name }, spec: { containers: [{}, { ports }] }, status: { phase: 'Running', ...change } }
}

void t.test('every running replica is asked at its own port for probes, by the proxy to pods', async (t) => {
  const api = await startFakeApi((request, response) => {
    if (request.url?.includes('/pods/b:')) return sendStatus(response, 503)
    return void response.end('pidguard_nodes 1\n')
  })
  t.teardown(() => api.stop())
  const gone = { ...replica('gone'), metadata: { name: 'gone', deletionTimestamp: '2026-11-21T00:00:00Z' } }
  const pods = [replica('a'), replica('b'), replica('c', {}, 'http'), replica('new', { phase: 'Pending' }), gone]
  t.strictSame(await askReplicas(api.client, 'system', pods), [
    { pod: 'a', text: 'pidguard_nodes 1\n' },
    { pod: 'b', failure: 'status 503' },
    { pod: 'c', failure: 'it has no port named probes' }
  ])
  t.strictSame(api.asked.toSorted(), [
    'GET /api/v1/namespaces/system/pods/a:18080/proxy/metrics',
    'GET /api/v1/namespaces/system/pods/b:18080/proxy/metrics'
  ])
})

void t.test('without the right to get pods/proxy it is forbidden as a whole', async (t) => {
  const api = await startFakeApi((_request, response) => sendStatus(response, 403))
  t.teardown(() => api.stop())
  t.match(await askReplicas(api.client, 'system', [replica('a')]).catch((error: unknown) => error), {
    failure: 'forbidden'
  })
})

void t.test('an answer that does not end is given up', async (t) => {
  const api = await startFakeApi((_request, response) => void response.end(Buffer.alloc(4 * 1024 * 1024 + 1, 'x')))
  t.teardown(() => api.stop())
  t.match(await askReplicas(api.client, 'system', [replica('a')]), [{ pod: 'a', failure: /longer than/ }])
})
