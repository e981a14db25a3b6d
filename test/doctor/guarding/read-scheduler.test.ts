import type { ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { readScheduler } from '../../../src/doctor/guarding/read-scheduler.ts'
import { sendJson, sendStatus, startFakeApi } from '../../support/fake-api.ts'

const node = {
  metadata: {
    name: 'a',
    uid: 'u',
    labels: { 'karpenter.sh/nodepool': 'x' },
    creationTimestamp: '2026-11-21T00:00:00Z'
  },
  status: { capacity: { 'pidguard.io/pids': '900' }, nodeInfo: { kubeletVersion: 'v1.30.1' } }
}
const limitRange = (name: string, item: object) => ({
  metadata: { name, namespace: 'shop' },
  spec: { limits: [{ type: 'Container', ...item }] }
})
const pids = { 'pidguard.io/pids': '10' }
const lists: Record<string, readonly object[]> = {
  '/api/v1/nodes': [node],
  '/api/v1/limitranges': [
    limitRange('min', { min: pids }),
    limitRange('max', { max: pids }),
    limitRange('given', { min: pids, default: pids }),
    limitRange('cpu', { min: { cpu: '1' } })
  ],
  '/apis/karpenter.sh/v1alpha1/nodeoverlays': [{ spec: { capacity: pids } }]
}

async function clusterWith(t: Test, status: (path: string) => number) {
  const api = await startFakeApi((request, response: ServerResponse) => {
    const path = request.url?.split('?')[0] ?? ''
    const code = status(path)
    if (code !== 200) sendStatus(response, code)
    else sendJson(response, { items: lists[path] ?? [], metadata: { resourceVersion: '1' } })
  })
  t.teardown(() => api.stop())
  return api
}

const seen = {
  name: 'a',
  offered: 900,
  createdAt: Date.UTC(2026, 10, 21),
  labels: { 'karpenter.sh/nodepool': 'x' },
  kubeletVersion: 'v1.30.1'
}

t.test('nodes, the LimitRanges that ask for a request, and whether an overlay names the resource', async (t) => {
  const { client } = await clusterWith(t, (path) => (path.includes('kueue') ? 404 : 200))
  t.strictSame(await readScheduler(client, true), {
    nodes: [seen],
    demanding: ['shop/min', 'shop/max'],
    hasNodeOverlays: true,
    kueue: undefined
  })
})

t.test('what is not there, or may not be read', async (t) => {
  const { client } = await clusterWith(t, (path) =>
    path.includes('karpenter') || path.includes('kueue') ? 404 : path.includes('limit') ? 403 : 200
  )
  t.strictSame(await readScheduler(client, true), {
    nodes: [seen],
    demanding: [],
    hasNodeOverlays: false,
    kueue: undefined
  })
  const { client: blind } = await clusterWith(t, () => 403)
  t.equal(await readScheduler(blind, true), undefined)
})

t.test('where the policy does not schedule PIDs, one page of nodes is enough', async (t) => {
  const { client, asked } = await clusterWith(t, () => 200)
  t.strictSame(await readScheduler(client, false), {
    nodes: [seen],
    demanding: [],
    hasNodeOverlays: false,
    kueue: undefined
  })
  t.equal(asked.length, 1)
  t.match(asked[0], /nodes\?limit=\d+$/)
})
