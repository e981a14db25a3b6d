import t, { type Test } from 'tap'
import { kubeRollout } from '../../src/calico/kube-rollout.ts'
import type { NodeReading } from '../../src/model/node-reading.ts'
import { felixPod } from '../support/calico-clusters.ts'
import { type Answer, sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'

const pod = felixPod('a', 'old')

async function rollout(t: Test, answer: Answer, reading?: Partial<NodeReading>) {
  const api = await startFakeApi(answer)
  t.teardown(() => api.stop())
  const calls = kubeRollout({
    api: api.client,
    floor: { share: 0.1 },
    targetOf: (node) => node,
    readings: {
      async read([target], sink) {
        const node = target?.name ?? ''
        if (reading === undefined) sink.observeFailure(node, { reason: 'forbidden', detail: 'HTTP 403 of a' })
        else {
          const ceiling = { limit: 1000, inUse: 0 }
          const whole = {
            node,
            at: 0,
            host: ceiling,
            kubepods: ceiling,
            pods: undefined,
            podLimits: undefined,
            gaps: []
          }
          sink.observeReading({ ...whole, ...reading })
        }
      }
    }
  })
  return { ...calls, asked: api.asked }
}

t.test('free PIDs are above the floor, under the lower ceiling', async (t) => {
  const node: Answer = (_request, response) => sendJson(response, { metadata: { name: 'a' } })
  const free = async (reading?: Partial<NodeReading>) => (await rollout(t, node, reading)).freePids('a')
  t.equal(await free({ kubepods: { limit: 1000, inUse: 900 } }), 0)
  t.equal(await free({ kubepods: { limit: 1000, inUse: 901 } }), -1)
  t.strictSame(await free(), { unknown: 'HTTP 403 of a' })
  t.match(await free({ host: { limit: undefined, inUse: undefined } }), { unknown: /not both of its ceilings/ })
  t.equal(
    await free({ host: { limit: undefined, inUse: undefined }, kubepods: { limit: 1000, inUse: 950 } }),
    -50,
    'too little is certain'
  )
})

t.test('pods of the DaemonSet on the node, without those that are being deleted', async (t) => {
  const owner = (name: string) => [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name, uid: 'u', controller: true }]
  const listed = (name: string, change: object, ready = 'True') => ({
    metadata: { name, uid: name, ownerReferences: owner('calico-node'), ...change },
    status: { conditions: [{ type: 'Ready', status: ready }] }
  })
  const { podsBeside, asked } = await rollout(t, (_request, response) =>
    sendJson(response, {
      items: [
        listed('ready', {}),
        listed('unready', {}, 'False'),
        listed('leaving', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
        listed('other', { ownerReferences: owner('kube-proxy') })
      ]
    })
  )
  t.strictSame(await podsBeside(pod), [
    { uid: 'ready', name: 'ready', isReady: true },
    { uid: 'unready', name: 'unready', isReady: false }
  ])
  t.match(asked, ['GET /api/v1/namespaces/kube-system/pods?fieldSelector=spec.nodeName%3Da'])
})

t.test('this very pod is deleted; one that is gone, or has been replaced, is no failure', async (t) => {
  let status = 200
  let body = ''
  const { deletePod, asked } = await rollout(t, (request, response) => {
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => (status === 200 ? sendJson(response, {}) : sendStatus(response, status)))
  })
  await deletePod(pod)
  t.strictSame(asked, ['DELETE /api/v1/namespaces/kube-system/pods/calico-node-a'])
  t.match(JSON.parse(body), { preconditions: { uid: pod.uid } })
  for (status of [404, 409]) await deletePod(pod)
  status = 403
  await t.rejects(deletePod(pod), /403/)
})
