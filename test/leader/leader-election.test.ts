import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { type LeaseOptions, startElection } from '../../src/leader/leader-election.ts'
import { memoryLog, sendJson, sendStatus, startFakeApi, systemClock, until } from '../support/fake-api.ts'
import { fakeClock } from '../support/fakes.ts'
import { endTimersOf } from '../support/timers.ts'

interface Record {
  metadata: { name: string; resourceVersion?: string }
  spec: { holderIdentity: string; renewTime: string; leaseTransitions: number; leaseDurationSeconds: number }
}

/** A process that stands still for a moment does not lose its lease; where that is to happen, a test says shorter ones. */
const times = { duration: 10_000, renewDeadline: 8_000, retry: 30 }

/** Keeps one Lease as the API server does: a write of an older version is a conflict. */
async function leaseServer(t: Test) {
  const state = {
    lease: undefined as Record | undefined,
    fault: undefined as ((response: ServerResponse) => void) | undefined,
    /** Writes are stored, and the next one is not answered. */
    isCutOff: false,
    /** How often the Lease was read: once at each try of a process that does not lead. */
    reads: 0
  }
  let version = 0
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (state.fault !== undefined) return state.fault(response)
    if (request.method === 'GET') state.reads++
    if (request.method === 'GET') return state.lease ? sendJson(response, state.lease) : sendStatus(response, 404)
    const body = (await json(request)) as Record
    if (request.method === 'POST' && state.lease !== undefined) return sendStatus(response, 409)
    const isOld = body.metadata.resourceVersion !== state.lease?.metadata.resourceVersion
    if (request.method === 'PUT' && isOld) return sendStatus(response, 409)
    state.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(++version) } }
    if (!state.isCutOff) return sendJson(response, state.lease)
    state.isCutOff = false
  }
  const api = await startFakeApi((request, response) => void answer(request, response))
  t.teardown(() => api.stop())
  const join = (identity: string, change: Partial<LeaseOptions> = {}, hasTimes = true) => {
    const signals: AbortSignal[] = []
    const election = startElection({
      api: api.client,
      namespace: 'pidguard',
      name: 'leader',
      identity,
      clock: systemClock,
      log: memoryLog(),
      random: () => 0,
      ...(hasTimes ? { times } : {}),
      onLead: (signal) => signals.push(signal),
      ...change
    })
    t.teardown(() => election.stop())
    const seen = () => ({ ...state, signals })
    return {
      election,
      signals,
      leads: () => until(`${identity} leads`, () => election.leading, seen),
      stepsDown: () => until(`${identity} steps down`, () => !election.leading, seen)
    }
  }
  /** Ends when the processes that do not lead have tried so many times more. */
  const tried = (tries: number): Promise<void> => {
    const { reads } = state
    return until(
      `${tries} more tries`,
      () => state.reads >= reads + tries,
      () => ({ ...state, before: reads })
    )
  }
  /** Ends when a renewal was stored that is never answered. */
  const cutOff = (): Promise<void> => {
    state.isCutOff = true
    return until(
      'a renewal that is stored and not answered',
      () => !state.isCutOff,
      () => state
    )
  }
  return { state, join, tried, cutOff }
}

/** A clock that a test sets ahead. */
function steppedClock() {
  let ahead = 0
  return {
    now: systemClock.now,
    monotonic: () => systemClock.monotonic() + ahead,
    advance(span: number) {
      ahead += span
    }
  }
}

t.test('one of two leads; when it stops, the other leads at once', async (t) => {
  const { state, join, tried } = await leaseServer(t)
  // `retry` is also how long giving it back may take.
  const a = join('a', { times: { ...times, retry: 500 } })
  await a.leads()
  const b = join('b', { times: { ...times, duration: 60_000 } })
  await tried(4)
  t.notOk(b.election.leading)
  t.match(state.lease?.spec.renewTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  await a.election.stop()
  t.ok(a.signals[0]?.aborted)
  await b.leads()
  t.equal(state.lease?.spec.holderIdentity, 'b')
  t.equal(state.lease?.spec.leaseTransitions, 1)
})

t.test('many start at once, one leads', async (t) => {
  const { state, join, tried } = await leaseServer(t)
  const all = ['a', 'b', 'c', 'd', 'e'].map((identity) => join(identity))
  await until(
    'one leads',
    () => all.some(({ election }) => election.leading),
    () => state
  )
  await tried(16)
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
      await a.leads()
      state.fault = fault
      // Both wait by timers of this process, which end in the order of their times however busy the machine is.
      let mayOthersLead = false
      const timer = setTimeout(() => {
        mayOthersLead = true
      }, 5_000)
      const seenAtEnd: boolean[] = []
      a.signals[0]?.addEventListener('abort', () => seenAtEnd.push(mayOthersLead))
      await a.stepsDown()
      clearTimeout(timer)
      t.strictSame(seenAtEnd, [false])
      state.fault = undefined
      await a.leads()
      t.equal(a.signals.length, 2)
    })
  }
})

t.test('a wrong clock neither gives nor takes the lease', async (t) => {
  for (const skew of [-86_400_000, 86_400_000]) {
    const { join, tried } = await leaseServer(t)
    const a = join('a', { clock: { ...systemClock, now: () => Date.now() + skew } })
    await a.leads()
    const b = join('b')
    await tried(10)
    t.ok(a.election.leading)
    t.notOk(b.election.leading)
    await b.election.stop()
    await a.election.stop()
  }
})

t.test('a holder that is gone is waited for as long as its lease runs, not longer', async (t) => {
  const { state, join, tried } = await leaseServer(t)
  state.lease = {
    metadata: { name: 'leader', resourceVersion: '7' },
    spec: {
      holderIdentity: 'dead',
      renewTime: '2000-01-01T00:00:00.000000Z',
      leaseTransitions: 3,
      leaseDurationSeconds: 3_600
    }
  }
  const clock = steppedClock()
  const a = join('a', { clock, times: { ...times, duration: 300 } })
  // The second read begins when the first has been taken in, at the time of then.
  await tried(2)
  clock.advance(3_000_000)
  await tried(3)
  t.notOk(a.election.leading, 'the other promised an hour')
  clock.advance(600_000)
  await a.leads()
  t.equal(state.lease?.spec.leaseTransitions, 4)
})

t.test('the record says who leads, since when and for how long, and counts each change of hands', async (t) => {
  const { state, join } = await leaseServer(t)
  const clock = fakeClock()
  const a = join('a', { clock, times: { ...times, duration: 14_001, retry: 500 } })
  await a.leads()
  const since = '2026-11-21T00:00:00.000000Z'
  const first = { holderIdentity: 'a', acquireTime: since, leaseTransitions: 0, leaseDurationSeconds: 15 }
  t.match(state.lease?.spec, { ...first, renewTime: since })
  clock.advance(1_500)
  await until(
    'a renewal',
    () => state.lease?.spec.renewTime !== since,
    () => state
  )
  t.match(state.lease?.spec, { ...first, renewTime: '2026-11-21T00:00:01.500000Z' })
  await a.election.stop()
  t.match(
    state.lease?.spec,
    { holderIdentity: '', leaseTransitions: 0, leaseDurationSeconds: 1 },
    'one that is given back is over at once'
  )
})

t.test('a leader that stops while a renewal is under way gives the lease back all the same', async (t) => {
  const { state, join, cutOff } = await leaseServer(t)
  const a = join('a', { times: { ...times, retry: 500 } })
  await a.leads()
  await cutOff()
  await a.election.stop()
  t.match(state.lease?.spec, { holderIdentity: '', leaseTransitions: 0 })
})

t.test('a lease that another took meanwhile is not given back', async (t) => {
  const { state, join, cutOff } = await leaseServer(t)
  const a = join('a', { times: { ...times, retry: 500 } })
  await a.leads()
  await cutOff()
  if (state.lease !== undefined) state.lease = { ...state.lease, spec: { ...state.lease.spec, holderIdentity: 'b' } }
  await a.election.stop()
  t.match(state.lease?.spec, { holderIdentity: 'b' })
})

t.test('a record that another tool has made may lack any field', async (t) => {
  for (const spec of [{ holderIdentity: 'a' }, { holderIdentity: null }, undefined]) {
    const { state, join } = await leaseServer(t)
    state.lease = { metadata: { name: 'leader', resourceVersion: '7' }, spec: spec as Record['spec'] }
    const clock = fakeClock()
    const a = join('a', { clock })
    await a.leads()
    t.match(state.lease.spec, {
      holderIdentity: 'a',
      acquireTime: '2026-11-21T00:00:00.000000Z',
      leaseTransitions: spec?.holderIdentity === 'a' ? 0 : 1
    })
    await a.election.stop()
  }
})

t.test('a holder that promised no time is waited for as long as our own leases run', async (t) => {
  const { state, join, tried } = await leaseServer(t)
  const spec = { holderIdentity: 'dead', renewTime: '2000-01-01T00:00:00.000000Z', leaseTransitions: 3 }
  state.lease = { metadata: { name: 'leader', resourceVersion: '7' }, spec: spec as Record['spec'] }
  const clock = fakeClock()
  const a = join('a', { clock })
  await tried(2)
  clock.advance(9_999)
  await tried(3)
  t.notOk(a.election.leading)
  clock.advance(1)
  await a.leads()
})

t.test('without times of its own: a lease of 15 s, a try every 2 s and up to a tenth more', async (t) => {
  const ended = endTimersOf(t, 2_200)
  const { state, join } = await leaseServer(t)
  const a = join('a', { random: () => 0.5 }, false)
  await a.leads()
  t.equal(state.lease?.spec.leaseDurationSeconds, 15)
  const version = Number(state.lease?.metadata.resourceVersion)
  await until(
    'three more renewals',
    () => Number(state.lease?.metadata.resourceVersion) >= version + 3,
    () => state
  )
  t.ok(ended() > 0)
})

t.test(
  'without times of its own a leader that cannot renew steps down after 10 s, and waits 5 s for each call',
  async (t) => {
    const ended = endTimersOf(t, 10_000)
    const { join } = await leaseServer(t)
    const log = memoryLog()
    const calls = t.capture(AbortSignal, 'timeout', AbortSignal.timeout)
    const a = join('a', { clock: fakeClock(), log }, false)
    await until(
      'it led and stepped down',
      () => a.signals[0]?.aborted === true,
      () => log.lines
    )
    t.match(log.lines.at(-1), {
      message: 'no longer leading',
      fields: { lease: 'leader', reason: 'the lease could not be renewed in time' }
    })
    t.strictSame(calls()[0]?.args, [5_000])
    t.ok(ended() > 0)
  }
)

t.test('a lease that cannot be given back runs out, and stopping goes on', async (t) => {
  const { state, join } = await leaseServer(t)
  const log = memoryLog()
  const a = join('a', { log, times: { ...times, retry: 200 } })
  await a.leads()
  state.fault = (response) => sendStatus(response, 500)
  await a.election.stop()
  t.match(log.lines.at(-1), { level: 'debug', message: 'the lease could not be given back' })
  t.equal(state.lease?.spec.holderIdentity, 'a')
})

t.test('a leader whose last renewal failed reads the record, and gives it back', async (t) => {
  const { state, join } = await leaseServer(t)
  const log = memoryLog()
  const a = join('a', { log, times: { ...times, retry: 500 } })
  await a.leads()
  state.fault = (response) => sendStatus(response, 500)
  await until(
    'a renewal failed',
    () => log.lines.some(({ level }) => level === 'warn'),
    () => log.lines
  )
  state.fault = undefined
  await a.election.stop()
  t.match(state.lease?.spec, { holderIdentity: '', leaseTransitions: 0 })
})

t.test('a lease taken from under a leader ends its lead', async (t) => {
  const { state, join } = await leaseServer(t)
  const a = join('a')
  await a.leads()
  const lease = state.lease as Record
  state.lease = {
    metadata: { ...lease.metadata, resourceVersion: 'other' },
    spec: { ...lease.spec, holderIdentity: 'thief', leaseDurationSeconds: 60 }
  }
  await a.stepsDown()
  t.equal(state.lease.spec.holderIdentity, 'thief')
})

t.test('a renewal that fails is logged with its reason each time; one that only lost a race is not', async (t) => {
  const { state, join } = await leaseServer(t)
  const log = memoryLog()
  const a = join('a', { log })
  const warnings = () => log.lines.filter(({ level }) => level === 'warn')
  await a.leads()
  let conflicts = 0
  state.fault = (response) => {
    conflicts++
    sendStatus(response, 409)
  }
  await until(
    'three conflicts',
    () => conflicts > 2,
    () => conflicts
  )
  t.strictSame(warnings(), [])
  t.ok(a.election.leading)
  state.fault = (response) => sendStatus(response, 500)
  await until(
    'two warnings',
    () => warnings().length > 1,
    () => log.lines
  )
  t.match(warnings()[0], {
    message: 'the lease could not be read or renewed',
    fields: { lease: 'leader', failure: 'server-error', error: /500/ }
  })
  t.ok(a.election.leading, 'until its deadline')
})

t.test(
  'the time that a renewal takes counts: a leader steps down when its deadline is over, not that much later',
  async (t) => {
    const { state, join } = await leaseServer(t)
    const clock = steppedClock()
    const a = join('a', { clock, times: { ...times, renewDeadline: 3_600_000 } })
    await a.leads()
    t.notOk(a.signals[0]?.aborted)
    state.fault = (response) => {
      state.fault = undefined
      // The server has written, and its answer comes when the hour is over.
      clock.advance(3_600_000)
      sendJson(response, state.lease)
    }
    await a.stepsDown()
    t.ok(a.signals[0]?.aborted)
  }
)
