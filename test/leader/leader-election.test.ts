import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { type LeaseOptions, startElection } from '../../src/leader/leader-election.ts'
import { memoryLog, sendJson, sendStatus, startFakeApi, systemClock, until } from '../support/fake-api.ts'

interface Record {
  metadata: { name: string; resourceVersion?: string }
  spec: { holderIdentity: string; renewTime: string; leaseTransitions: number; leaseDurationSeconds: number }
}

/** A process that stands still for a moment does not lose its lease; where that is to happen, a test says shorter ones. */
const times = { duration: 10_000, renewDeadline: 8_000, retry: 30 }

/** Keeps one Lease as the API server does: a write of an older version is a conflict. */
async function leaseServer(t: Test) {
  const state: { lease: Record | undefined; fault: ((response: ServerResponse) => void) | undefined } = {
    lease: undefined,
    fault: undefined
  }
  let version = 0
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (state.fault !== undefined) return state.fault(response)
    if (request.method === 'GET') return state.lease ? sendJson(response, state.lease) : sendStatus(response, 404)
    const body = (await json(request)) as Record
    if (request.method === 'POST' && state.lease !== undefined) return sendStatus(response, 409)
    const isOld = body.metadata.resourceVersion !== state.lease?.metadata.resourceVersion
    if (request.method === 'PUT' && isOld) return sendStatus(response, 409)
    state.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(++version) } }
    sendJson(response, state.lease)
  }
  const api = await startFakeApi((request, response) => void answer(request, response))
  t.teardown(() => api.stop())
  const join = (identity: string, change: Partial<LeaseOptions> = {}) => {
    const signals: AbortSignal[] = []
    const election = startElection({
      api: api.client,
      namespace: 'pidguard',
      name: 'leader',
      identity,
      clock: systemClock,
      log: memoryLog(),
      random: () => 0,
      times,
      onLead: (signal) => signals.push(signal),
      ...change
    })
    t.teardown(() => election.stop())
    return { election, signals }
  }
  return { state, join }
}

t.test('one of two leads; when it stops, the other leads at once', async (t) => {
  const { state, join } = await leaseServer(t)
  // `retry` is also how long giving it back may take.
  const a = join('a', { times: { ...times, retry: 500 } })
  await until('a leads', () => a.election.leading)
  const b = join('b', { times: { ...times, duration: 60_000 } })
  await new Promise((resolve) => setTimeout(resolve, 150))
  t.notOk(b.election.leading)
  t.match(state.lease?.spec.renewTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  await a.election.stop()
  t.ok(a.signals[0]?.aborted)
  await until('b leads', () => b.election.leading)
  t.equal(state.lease?.spec.holderIdentity, 'b')
  t.equal(state.lease?.spec.leaseTransitions, 1)
})

t.test('many start at once, one leads', async (t) => {
  const { join } = await leaseServer(t)
  const all = ['a', 'b', 'c', 'd', 'e'].map((identity) => join(identity))
  await until('one leads', () => all.some(({ election }) => election.leading))
  await new Promise((resolve) => setTimeout(resolve, 150))
  t.equal(all.filter(({ election }) => election.leading).length, 1)
})

t.test('a leader that cannot renew steps down before others may lead', async (t) => {
  for (const [name, fault] of [
    ['errors', (response: ServerResponse) => sendStatus(response, 500)],
    ['no answer', () => {}]
  ] as const) {
    await t.test(name, async (t) => {
      const { state, join } = await leaseServer(t)
      const a = join('a', { times: { ...times, duration: 5_000, renewDeadline: 1_000 } })
      await until('a leads', () => a.election.leading)
      state.fault = fault
      const from = performance.now()
      await until('a steps down', () => !a.election.leading)
      t.ok(performance.now() - from < 5_000)
      t.ok(a.signals[0]?.aborted)
      state.fault = undefined
      await until('a leads again', () => a.election.leading)
      t.equal(a.signals.length, 2)
    })
  }
})

t.test('a wrong clock neither gives nor takes the lease', async (t) => {
  for (const skew of [-86_400_000, 86_400_000]) {
    const { join } = await leaseServer(t)
    const a = join('a', { clock: { ...systemClock, now: () => Date.now() + skew } })
    await until('a leads', () => a.election.leading)
    const b = join('b')
    await new Promise((resolve) => setTimeout(resolve, 500))
    t.ok(a.election.leading)
    t.notOk(b.election.leading)
    await b.election.stop()
    await a.election.stop()
  }
})

t.test('a holder that is gone is waited for as long as its lease runs, not longer', async (t) => {
  const { state, join } = await leaseServer(t)
  state.lease = {
    metadata: { name: 'leader', resourceVersion: '7' },
    spec: {
      holderIdentity: 'dead',
      renewTime: '2000-01-01T00:00:00.000000Z',
      leaseTransitions: 3,
      leaseDurationSeconds: 1
    }
  }
  const from = performance.now()
  const a = join('a', { times: { ...times, duration: 300 } })
  await until('a leads', () => a.election.leading)
  t.ok(performance.now() - from >= 1_000, 'the other promised a second')
  t.equal(state.lease?.spec.leaseTransitions, 4)
})

t.test('a lease taken from under a leader ends its lead', async (t) => {
  const { state, join } = await leaseServer(t)
  const a = join('a')
  await until('a leads', () => a.election.leading)
  const lease = state.lease as Record
  state.lease = {
    metadata: { ...lease.metadata, resourceVersion: 'other' },
    spec: { ...lease.spec, holderIdentity: 'thief', leaseDurationSeconds: 60 }
  }
  await until('a steps down', () => !a.election.leading)
  t.equal(state.lease.spec.holderIdentity, 'thief')
})

t.test(
  'the time that a renewal takes counts: a leader steps down when its deadline is over, not that much later',
  async (t) => {
    const { state, join } = await leaseServer(t)
    let late = 0
    const clock = { now: systemClock.now, monotonic: () => systemClock.monotonic() + late }
    const a = join('a', { clock, times: { ...times, renewDeadline: 3_600_000 } })
    await until('a leads', () => a.election.leading)
    t.notOk(a.signals[0]?.aborted)
    state.fault = (response) => {
      state.fault = undefined
      // The server has written, and its answer comes when the hour is over.
      late = 3_600_000
      sendJson(response, state.lease)
    }
    await until('a steps down', () => a.signals[0]?.aborted === true)
  }
)
