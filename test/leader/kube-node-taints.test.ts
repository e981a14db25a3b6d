import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { KubeError } from '../../src/kube/kube-error.ts'
import { nodeTaints } from '../../src/leader/kube-node-taints.ts'
import { sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'

interface Stored {
  metadata: { name: string; resourceVersion: string; labels: object }
  spec: { podCIDR: string; taints?: object[] | null }
}

const gpu = { key: 'gpu', effect: 'NoSchedule', value: 'a100' }
const unreachable = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }
const ours = { key: 'pidguard.io/low-pids', effect: 'NoSchedule' }

/** Keeps one Node as the API server does: a patch that names an older version is a conflict. */
async function nodeServer(t: Test, taints: object[] | undefined) {
  const node: Stored = {
    metadata: { name: 'a', resourceVersion: '1', labels: { zone: 'z' } },
    spec: { podCIDR: '10.0.0.0/24', ...(taints === undefined ? {} : { taints }) }
  }
  const state = { node, patches: [] as object[], meddle: undefined as (() => void) | undefined, status: 200 }
  const change = (next: object[]): void => {
    node.spec.taints = next
    node.metadata.resourceVersion = String(Number(node.metadata.resourceVersion) + 1)
  }
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url !== '/api/v1/nodes/a') return sendStatus(response, 404)
    if (request.method === 'GET') return sendJson(response, node)
    if (state.status !== 200) return sendStatus(response, state.status)
    const patch = (await json(request)) as Stored
    state.meddle?.()
    if (patch.metadata.resourceVersion !== node.metadata.resourceVersion) return sendStatus(response, 409)
    state.patches.push({ type: request.headers['content-type'], patch })
    change(patch.spec.taints ?? [])
    sendJson(response, node)
  }
  const api = await startFakeApi((request, response) => void answer(request, response))
  t.teardown(() => api.stop())
  return { state, change, taints: nodeTaints(api.client), signal: new AbortController().signal }
}

t.test('it is set behind those of others, which stay as they are', async (t) => {
  const { state, taints, signal } = await nodeServer(t, [gpu, unreachable])
  t.equal(await taints.write('a', true, signal), 'written')
  t.strictSame(state.patches, [
    {
      type: 'application/merge-patch+json',
      patch: { metadata: { resourceVersion: '1' }, spec: { taints: [gpu, unreachable, ours] } }
    }
  ])
  t.equal(await taints.write('a', true, signal), 'unchanged')
  t.equal(await taints.write('a', false, signal), 'written')
  t.strictSame(state.node.spec.taints, [gpu, unreachable])
  t.equal(await taints.write('a', false, signal), 'unchanged')
  t.equal(state.patches.length, 2)
})

t.test('a node without taints', async (t) => {
  const { state, taints, signal } = await nodeServer(t, undefined)
  t.equal(await taints.write('a', false, signal), 'unchanged')
  t.equal(await taints.write('a', true, signal), 'written')
  t.strictSame(state.node.spec.taints, [ours])
})

t.test('a taint that another writes in between is not lost', async (t) => {
  const { state, change, taints, signal } = await nodeServer(t, [])
  state.meddle = () => {
    change([gpu])
    state.meddle = undefined
  }
  t.equal(await taints.write('a', true, signal), 'written')
  t.strictSame(state.node.spec.taints, [gpu, ours])
})

t.test('nor one that another sets in our name', async (t) => {
  const { state, change, taints, signal } = await nodeServer(t, [])
  state.meddle = () => {
    change([ours])
    state.meddle = undefined
  }
  t.equal(await taints.write('a', true, signal), 'unchanged')
  t.equal(state.patches.length, 0)
})

t.test('conflicts without end are given back after five tries, and nothing is written', async (t) => {
  const { state, change, taints, signal } = await nodeServer(t, [])
  let tries = 0
  state.meddle = () => {
    tries++
    change([gpu])
  }
  await t.rejects(taints.write('a', true, signal), { message: 'status 409' })
  t.equal(tries, 5)
  t.equal(state.patches.length, 0)
})

t.test('a node that is gone needs no taint; a right that is missing is told', async (t) => {
  const { state, taints, signal } = await nodeServer(t, [])
  t.equal(await taints.write('b', true, signal), 'gone')
  state.status = 403
  await t.rejects(taints.write('a', true, signal), { message: 'status 403' })
})

t.test('nothing is written after the signal', async (t) => {
  const { state, taints } = await nodeServer(t, [])
  await t.rejects(taints.write('a', true, AbortSignal.abort()), KubeError)
  t.equal(state.patches.length, 0)
})
