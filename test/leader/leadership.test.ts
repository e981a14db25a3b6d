import t, { type Test } from 'tap'
import { Leadership, type LeadershipOptions } from '../../src/leader/leadership.ts'
import { type FakeApi, memoryLog, sendJson, sendStatus, startFakeApi, systemClock, until } from '../support/fake-api.ts'

/** An API server without a Lease yet, that gives out the one it is sent. */
async function emptyLease(t: Test): Promise<FakeApi> {
  const api = await startFakeApi((request, response) => {
    if (request.method === 'GET') return sendStatus(response, 404)
    sendJson(response, { metadata: { resourceVersion: '1' }, spec: {} })
  })
  t.teardown(() => api.stop())
  return api
}

function join(t: Test, api: FakeApi, change: Partial<LeadershipOptions>) {
  const log = memoryLog()
  const leadership = new Leadership({
    api: api.client,
    namespace: 'pidguard-system',
    name: 'pidguard',
    identity: 'a',
    clock: systemClock,
    log,
    random: () => 0,
    duties: [],
    ...change
  })
  t.teardown(() => leadership.stop())
  return { leadership, log }
}

void t.test('every duty begins with the lead and ends with it', async (t) => {
  const begun: { name: string; signal: AbortSignal }[] = []
  const duties = ['certificates', 'audits'].map((name) => ({
    name,
    begin: (signal: AbortSignal) => void begun.push({ name, signal })
  }))
  const { leadership } = join(t, await emptyLease(t), { duties })
  t.equal(leadership.leading, false)
  leadership.start()
  leadership.start()
  await until(
    'both began',
    () => begun.length === 2,
    () => begun
  )
  t.equal(leadership.leading, true)
  t.strictSame(
    begun.map(({ name }) => name),
    ['certificates', 'audits']
  )
  await leadership.stop()
  t.ok(begun.every(({ signal }) => signal.aborted))
  t.equal(leadership.leading, false)
})

void t.test('a duty that cannot begin is in the log, and does not keep the others from it', async (t) => {
  let hasBegun = false
  const duties = [
    {
      name: 'nodes',
      begin() {
        throw new Error('boom')
      }
    },
    {
      name: 'audits',
      begin() {
        hasBegun = true
      }
    }
  ]
  const { leadership, log } = join(t, await emptyLease(t), { duties })
  leadership.start()
  await until(
    'the second began',
    () => hasBegun,
    () => hasBegun
  )
  t.match(log.lines.at(-1), {
    level: 'error',
    message: 'a duty of the leader could not begin',
    fields: { duty: 'nodes', error: 'boom' }
  })
  t.equal(leadership.leading, true)
})

void t.test('it can stop before it took part', async (t) => {
  const api = await emptyLease(t)
  const { leadership } = join(t, api, {})
  await leadership.stop()
  t.strictSame(api.asked, [])
})
