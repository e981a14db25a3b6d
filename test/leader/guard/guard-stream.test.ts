import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { issueAuthority, issueLeaf } from '../../../src/certs/issue.ts'
import { reservationsToken } from '../../../src/certs/reservations-token.ts'
import { recordAdmission } from '../../../src/headroom/ledger/record-admission.ts'
import { longestLine, type Reservation } from '../../../src/headroom/reservation.ts'
import { GuardStream, type GuardStreamDeps, type GuardTrust } from '../../../src/leader/guard/guard-stream.ts'
import { takeReservation } from '../../../src/leader/guard/take-reservation.ts'
import { ReservationFeed } from '../../../src/server/reservation-feed.ts'
import { fakeLog } from '../../support/fakes.ts'
import { fleetOf } from '../../support/headroom.ts'
import { listening } from '../../support/https.ts'
import { settings } from '../../support/settings.ts'
import { podSubject, subjectFrom } from '../../support/subjects.ts'
import { turns, until } from '../../support/until.ts'

const name = 'pidguard-guard.pidguard-system.svc'
const now = Date.now()

/** A pair of an authority of its own, and what the leader knows of it. */
async function installed(names: readonly string[] = [name]) {
  const authority = await issueAuthority('an authority', { from: now, days: 1 })
  const pair = await issueLeaf(authority, names, { from: now, days: 1 })
  return { pair, trust: { key: pair.key, authorities: authority.cert } }
}

/** A leader that listens to the port until the end of the test. */
function following(t: Test, port: number, trust: GuardTrust | undefined, more: Partial<GuardStreamDeps> = {}) {
  const state = { trust, isWanted: true }
  const log = fakeLog()
  const taken: Reservation[] = []
  const stream = new GuardStream({
    url: `https://127.0.0.1:${port}`,
    serverName: name,
    trust: () => state.trust,
    isWanted: () => state.isWanted,
    take: (reservation) => taken.push(reservation),
    random: () => 0.5,
    log,
    times: { first: 10 },
    ...more
  })
  const abort = new AbortController()
  const running = stream.run(abort.signal)
  t.teardown(async () => {
    abort.abort()
    await running
  })
  const said = (message: string): number => log.lines.filter((line) => line.message.startsWith(message)).length
  const untilSaid = (message: string, count = 1): Promise<void> =>
    until(
      `${message} (${count})`,
      () => said(message) >= count,
      () => log.lines
    )
  return { state, log, taken, said, untilSaid, stop: () => abort.abort(), running }
}

const connected = 'connected to the guard'
const failed = 'no stream from the guard yet'
const skipped = 'the guard says what is not understood'

/** A server that says what a test wants, with a certificate that the leader trusts. */
async function speaking(t: Test, pair: { cert: string; key: string }, status = 200) {
  const calls: { authorization: string | undefined; say(text: string): void; isOver(): boolean }[] = []
  const server = createServer(pair, ({ headers: { authorization } }, response) => {
    response.on('error', () => {})
    response.writeHead(status).flushHeaders()
    if (status !== 200) response.end()
    calls.push({ authorization, say: (text) => response.write(text), isOver: () => response.destroyed })
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { calls, port: (server.address() as AddressInfo).port }
}

void t.test('a pod that the guard admits and its binding are in the ledger of the leader', async (t) => {
  const { pair, trust } = await installed()
  const feed = new ReservationFeed()
  const { port } = await listening(t, { pair, reservations: feed })
  const [guard, leader] = [fleetOf({ n1: {} }), fleetOf({ n1: {} })]
  const take = (reservation: Reservation): void => takeReservation(reservation, leader.ledger, leader.headroom)
  const { untilSaid, log } = following(t, port, trust, { take })
  await untilSaid(connected)
  const pod = podSubject({}, { uid: 'a', annotations: { 'pidguard.io/pids': '300' } })
  recordAdmission(pod, settings(), guard.ledger, guard.headroom, '192.0.2.1', feed)
  await until(
    'the pod waits there too',
    () => leader.ledger.waiting.pids === 300,
    () => leader.ledger.waiting
  )
  const object = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web', uid: 'a' }, target: { name: 'n1' } }
  const binding = subjectFrom(object, { subResource: 'binding' })
  recordAdmission(binding, settings(), guard.ledger, guard.headroom, '192.0.2.1', feed)
  await until(
    'it counts on its node',
    () => leader.ledger.node('n1')?.pending === 300,
    () => leader.ledger.node('n1')
  )
  t.equal(leader.ledger.waiting.pods, 0)
  t.notOk(JSON.stringify(log.lines).includes(reservationsToken(trust.key)))
})

void t.test('a guard that comes later, or again with a pair of a new authority, is found', async (t) => {
  const [first, second] = [await installed(), await installed()]
  const feeds = [new ReservationFeed(), new ReservationFeed()] as const
  const server = await listening(t, { pair: first.pair, reservations: feeds[0] })
  const { port } = server
  await server.app.close()
  const { state, said, untilSaid, taken } = following(t, port, first.trust)
  await untilSaid(failed)
  const again = await listening(t, { pair: first.pair, reservations: feeds[0], port })
  await untilSaid(connected)
  t.equal(said(failed), 1, 'it is said once, however often it was tried')
  await again.app.close()
  await listening(t, { pair: second.pair, reservations: feeds[1], port })
  await untilSaid(failed, 2)
  t.equal(said(connected), 1, 'one of another authority is not trusted')
  state.trust = second.trust
  await untilSaid(connected, 2)
  feeds[1].add({ bound: { uid: 'a', node: 'n1' } })
  await until(
    'the binding',
    () => taken.length === 1,
    () => taken
  )
})

void t.test('nobody else is shown the token: not another authority, not another name', async (t) => {
  const ours = await installed()
  const other = await installed()
  const misnamed = await installed(['pidguard.pidguard-system.svc', '127.0.0.1', 'localhost'])
  for (const [trust, pair] of [
    [ours.trust, other.pair],
    [misnamed.trust, misnamed.pair]
  ] as const) {
    const { calls, port } = await speaking(t, pair)
    const { untilSaid, said } = following(t, port, trust)
    await untilSaid(failed)
    t.equal(calls.length, 0)
    t.equal(said(connected), 0)
  }
})

void t.test('of two authorities, as while one replaces the other, either is trusted', async (t) => {
  const [one, two] = [await installed(), await installed()]
  const { port } = await speaking(t, two.pair)
  const authorities = `${one.trust.authorities}\n${two.trust.authorities}`
  await following(t, port, { key: 'any', authorities }).untilSaid(connected)
})

void t.test('an answer that is no stream is tried again, and said once', async (t) => {
  const { pair, trust } = await installed()
  for (const status of [401, 404, 503, 302]) {
    const { calls, port } = await speaking(t, pair, status)
    const { said, log, stop, running } = following(t, port, trust)
    await until(
      'some tries',
      () => calls.length >= 3,
      () => calls.length
    )
    stop()
    await running
    t.equal(said(failed), 1)
    t.ok(log.lines.every(({ level }) => level === 'info' || level === 'debug'))
  }
})

void t.test('hostile lines change nothing and end nothing; the good one after them counts', async (t) => {
  const { pair, trust } = await installed()
  const { calls, port } = await speaking(t, pair)
  const leader = fleetOf({ n1: {} })
  const take = (reservation: Reservation): void => takeReservation(reservation, leader.ledger, leader.headroom)
  const { untilSaid, said } = following(t, port, trust, { take })
  await untilSaid(connected)
  const pod = { uid: 'x', namespace: 'a', workload: { kind: 'Pod', name: '' }, pids: 1, podSpec: {} }
  const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`
  const hostile = [
    'hello',
    '{"admitted":',
    '\u0000\u0001',
    '[]',
    JSON.stringify({ admitted: { ...pod, pids: 10_000_000 } }),
    JSON.stringify({ admitted: { ...pod, pids: '1' } }),
    JSON.stringify({ bound: { uid: {}, node: 'n1' } }),
    JSON.stringify({ admitted: { ...pod, podSpec: { nodeSelector: [1] } } }),
    `{"admitted":{"uid":"${'x'.repeat(longestLine)}"}}`,
    `{"__proto__":{"uid":"x"},"bound":{"uid":"x","node":"n1"}}`,
    `{"bound":${deep}}`
  ]
  for (const line of hostile) calls[0]?.say(`${line}\n`)
  calls[0]?.say('x'.repeat(3 * longestLine))
  calls[0]?.say(`\n\n${JSON.stringify({ admitted: { ...pod, uid: 'good', pids: 7 } })}\n`)
  await until(
    'the good one',
    () => leader.ledger.waiting.pids === 7,
    () => leader.ledger.waiting
  )
  t.equal(leader.ledger.podCount, 1)
  t.equal(said(skipped), 1)
  t.equal(said(connected), 1)
})

void t.test('what the ledger cannot take is passed over as well', async (t) => {
  const { pair, trust } = await installed()
  const { calls, port } = await speaking(t, pair)
  const take = (): void => {
    throw new RangeError('Maximum call stack size exceeded')
  }
  const { untilSaid } = following(t, port, trust, { take })
  await untilSaid(connected)
  calls[0]?.say('{"bound":{"uid":"a","node":"n1"}}\n')
  await untilSaid(skipped)
})

void t.test('a guard that is silent for too long is asked again, with the token of the key', async (t) => {
  const { pair, trust } = await installed()
  const { calls, port } = await speaking(t, pair)
  const { untilSaid } = following(t, port, trust, { times: { first: 10, silence: 100 } })
  await untilSaid(connected, 2)
  t.equal(calls[0]?.authorization, `Bearer ${reservationsToken(trust.key)}`)
})

void t.test('without a pair or an authority, and where it is not wanted, nobody is asked', async (t) => {
  const { pair, trust } = await installed()
  const { calls, port } = await speaking(t, pair)
  const { state, said, untilSaid } = following(t, port, undefined)
  await turns()
  state.trust = { ...trust, authorities: '\n\n' }
  await turns()
  state.isWanted = false
  state.trust = trust
  await turns()
  t.equal(calls.length, 0)
  state.isWanted = true
  await untilSaid(connected)
  state.isWanted = false
  calls[0]?.say('\n')
  await until(
    'its end',
    () => calls[0]?.isOver() === true,
    () => calls
  )
  t.equal(said(failed), 0)
})

void t.test('it ends at once with the time of leading, connected or not', async (t) => {
  const { pair, trust } = await installed()
  const { port } = await speaking(t, pair)
  const one = following(t, port, trust)
  await one.untilSaid(connected)
  const other = following(t, 1, trust, { times: { first: 3_600_000 } })
  await other.untilSaid(failed)
  for (const { stop, running } of [one, other]) {
    stop()
    await running
  }
  t.equal(one.said(failed), 0)
})
