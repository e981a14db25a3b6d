import type { ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { readKueue } from '../../../src/doctor/guarding/read-kueue.ts'
import { readScheduler } from '../../../src/doctor/guarding/read-scheduler.ts'
import { sendJson, sendStatus, startFakeApi } from '../../support/fake-api.ts'

const pids = 'pidguard.io/pids'
const queue = (name: string, ...coveredResources: string[]) => ({
  metadata: { name },
  spec: { resourceGroups: [{ coveredResources }] }
})
const workload = (name: string, status: object) => ({ metadata: { name, namespace: 'a' }, status })
const admitted = (name: string, clusterQueue: string, ...resourceUsage: (object | undefined)[]) =>
  workload(name, {
    admission: { clusterQueue, podSetAssignments: resourceUsage.map((each) => ({ count: 1, resourceUsage: each })) }
  })
const condition = (type: string, status: string, message: string) => ({ conditions: [{ type, status, message }] })
const waits = (name: string, message: string, status = 'False') =>
  workload(name, condition('QuotaReserved', status, message))
const unavailable = `couldn't assign flavors to pod set main: resource ${pids} unavailable in ClusterQueue`

const counted = admitted('counted', 'covers', { cpu: '1', [pids]: '900' })
const finished = { ...admitted('finished', 'covers', { cpu: '1' }), ...workload('finished', {}) }
const workloads = [
  counted,
  admitted('none', 'covers', { cpu: '1' }),
  admitted('some', 'covers', { [pids]: '1' }, { cpu: '1' }),
  admitted('nothing', 'covers', undefined),
  admitted('elsewhere', 'plain', { cpu: '1' }),
  {
    ...finished,
    status: { ...admitted('finished', 'covers', { cpu: '1' }).status, ...condition('Finished', 'True', '') }
  },
  workload('scaled-to-none', {
    admission: { clusterQueue: 'covers', podSetAssignments: [{ count: 0, resourceUsage: {} }] }
  }),
  waits('stuck', unavailable),
  waits('was-stuck', unavailable, 'True'),
  waits('other', 'resource example.com/gpu unavailable in ClusterQueue'),
  waits('busy', `insufficient unused quota for ${pids} in flavor any, 700 more needed`),
  { metadata: { name: 'new', namespace: 'a' } },
  'nonsense'
]

async function kueueOf(t: Test, version: string, answers: (path: string) => number = () => 200) {
  const api = await startFakeApi((request, response: ServerResponse) => {
    const path = request.url?.split('?')[0] ?? ''
    const lists: Record<string, readonly unknown[]> = {
      [`/apis/kueue.x-k8s.io/${version}/clusterqueues`]: [queue('covers', 'cpu', pids), queue('plain', 'cpu'), {}],
      [`/apis/kueue.x-k8s.io/${version}/workloads`]: workloads,
      '/api/v1/nodes': [],
      '/api/v1/limitranges': []
    }
    const code = answers(path)
    if (code !== 200) sendStatus(response, code)
    else if (path === '/apis/kueue.x-k8s.io') sendJson(response, { preferredVersion: { version } })
    else if (lists[path] === undefined) sendStatus(response, 404)
    else sendJson(response, { items: lists[path], metadata: { resourceVersion: '1' } })
  })
  t.teardown(() => api.stop())
  return api.client
}

t.test('what Kueue counts nothing for, and what it holds back, in the version that the server prefers', async (t) => {
  const view = { uncounted: ['a/none', 'a/some', 'a/nothing'], heldBack: ['a/stuck'] }
  for (const version of ['v1beta1', 'v1beta2']) {
    const client = await kueueOf(t, version)
    t.strictSame(await readKueue(client), view)
    t.match(await readScheduler(client, true), { kueue: view })
  }
})

t.test('no Kueue, or one that may not be read, is nothing to say of it', async (t) => {
  for (const code of [404, 403]) {
    const client = await kueueOf(t, 'v1beta2', (path) => (path.includes('kueue') ? code : 200))
    t.strictSame((await readScheduler(client, true))?.kueue, undefined)
  }
  const half = await kueueOf(t, 'v1beta2', (path) => (path.endsWith('workloads') ? 403 : 200))
  t.strictSame((await readScheduler(half, true))?.kueue, undefined)
})
