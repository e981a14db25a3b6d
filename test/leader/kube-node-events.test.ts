import { json } from 'node:stream/consumers'
import t from 'tap'
import { nodeEvents } from '../../src/leader/kube-node-events.ts'
import { sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'
import { fakeClock } from '../support/fakes.ts'

t.test('an event that kubectl describe node finds', async (t) => {
  const bodies: unknown[] = []
  const api = await startFakeApi((request, response) => {
    void json(request).then((body) => {
      bodies.push(body)
      sendJson(response, body, 201)
    })
  })
  t.teardown(() => api.stop())
  const events = nodeEvents(api.client, fakeClock(), 'pidguard')
  const { signal } = new AbortController()
  await events.post('node-a', { type: 'Warning', reason: 'LowPids', message: 'x'.repeat(2_000) }, signal)
  t.strictSame(api.asked, ['POST /api/v1/namespaces/default/events'])
  t.strictSame(bodies, [
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: 'node-a.', namespace: 'default' },
      involvedObject: { kind: 'Node', name: 'node-a', uid: 'node-a' },
      type: 'Warning',
      reason: 'LowPids',
      message: 'x'.repeat(1_024),
      source: { component: 'pidguard' },
      firstTimestamp: '2026-11-21T00:00:00Z',
      lastTimestamp: '2026-11-21T00:00:00Z',
      count: 1
    }
  ])
})

t.test(
  'an Event of one name is told once for as long as it is kept; what else goes wrong is no such thing',
  async (t) => {
    const state = { code: 201, name: '' }
    const api = await startFakeApi((request, response) => {
      void json(request).then((body) => {
        state.name = (body as { metadata: { name: string } }).metadata.name
        if (state.code === 201) sendJson(response, body, 201)
        else sendStatus(response, state.code)
      })
    })
    t.teardown(() => api.stop())
    const events = nodeEvents(api.client, fakeClock(), 'pidguard')
    const { signal } = new AbortController()
    const event = { type: 'Warning', reason: 'PIDsNearFloor', message: 'x' } as const
    t.equal(await events.postOnce('node-a', 'pidguard-near-floor', event, signal), 'posted')
    t.equal(state.name, 'node-a.pidguard-near-floor')
    state.code = 409
    t.equal(await events.postOnce('node-a', 'pidguard-near-floor', event, signal), 'already there')
    state.code = 403
    await t.rejects(events.postOnce('node-a', 'pidguard-near-floor', event, signal), { message: /status 403/ })
  }
)
