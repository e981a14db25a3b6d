import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { reservationsToken } from '../../src/certs/reservations-token.ts'
import { mostReaders, ReservationFeed } from '../../src/server/reservation-feed.ts'
import { type Listening, listening, servingPair, testAuthority, until } from '../support/https.ts'

const second = 1_000
const path = '/reservations'
const binding = { bound: { uid: 'a', node: 'n1' } }
const line = '{"bound":{"uid":"a","node":"n1"}}\n'

interface Asking {
  readonly key: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
}

async function ask(t: Test, { port }: Listening, asking: Asking): Promise<IncomingMessage> {
  const { key, headers = { authorization: `Bearer ${reservationsToken(key)}` } } = asking
  const { path: at = path, method = 'GET' } = asking
  const call = request({ host: '127.0.0.1', port, path: at, method, headers, ca: testAuthority, agent: false })
  call.on('error', () => {})
  t.teardown(() => call.destroy())
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  return response
}

/** A stream, and what it has said so far. */
async function reading(t: Test, server: Listening, key: string) {
  const response = await ask(t, server, { key })
  const seen = { text: '', isEnded: false }
  response.on('data', (chunk) => {
    seen.text += chunk
  })
  response.on('close', () => {
    seen.isEnded = true
  })
  return { response, seen }
}

/** A guard that serves; its heartbeat is longer than any test where nothing else is said. */
async function guard(t: Test, options: Parameters<typeof listening>[1] = {}, every = 600 * second) {
  const pair = await servingPair()
  const feed = new ReservationFeed(every)
  const server = await listening(t, { pair, reservations: feed, ...options })
  return { ...pair, feed, server }
}

void t.test('who has the token of the serving key hears what is counted, at once', async (t) => {
  const { key, feed, server } = await guard(t)
  t.equal(feed.isHeard, false)
  const { response, seen } = await reading(t, server, key)
  t.match(response, { statusCode: 200, headers: { 'content-type': 'application/x-ndjson' } })
  t.equal(feed.isHeard, true)
  feed.add(binding)
  feed.add({ bound: { uid: 'b', node: 'n'.repeat(70_000) } })
  feed.add({ bound: { uid: 'c', node: 'n2' } })
  const whole = `\n${line}{"bound":{"uid":"c","node":"n2"}}\n`
  await until(
    () => seen.text.length >= whole.length,
    () => seen
  )
  t.equal(seen.text, whole, 'a line that is too long is left out')
  response.destroy()
  await until(
    () => !feed.isHeard,
    () => feed
  )
  feed.add(binding)
})

void t.test('no one else does, and the address is no place for the token', async (t) => {
  const { key, feed, server } = await guard(t)
  const token = reservationsToken(key)
  const askings: readonly Omit<Asking, 'key'>[] = [
    { headers: {} },
    { headers: { authorization: `Bearer ${reservationsToken((await servingPair()).key)}` } },
    { headers: { authorization: token } },
    { headers: {}, path: `${path}?token=${token}` },
    { headers: {}, path: `${path}?authorization=Bearer+${token}` }
  ]
  for (const asking of askings) {
    const response = await ask(t, server, { key, ...asking })
    const body = await text(response)
    t.match([response.statusCode, JSON.parse(body)], [401, { kind: 'Status', code: 401, reason: 'Unauthorized' }])
    t.notOk(body.includes(token))
  }
  for (const method of ['HEAD', 'POST', 'PUT']) t.equal((await ask(t, server, { key, method })).statusCode, 404, method)
  t.equal(feed.isHeard, false)
})

void t.test('a replica that is not the one writer has no such address', async (t) => {
  const pair = await servingPair()
  const server = await listening(t, { pair })
  const response = await ask(t, server, { key: pair.key })
  t.equal(response.statusCode, 404)
  t.match(JSON.parse(await text(response)), { kind: 'Status', code: 404 })
})

void t.test('there are four readers at most, and the place of one that leaves is free', async (t) => {
  const { key, feed, server } = await guard(t)
  const readers = []
  for (let count = 0; count < mostReaders; count++) readers.push(await reading(t, server, key))
  const late = await ask(t, server, { key })
  t.match([late.statusCode, JSON.parse(await text(late))], [503, { reason: 'ServiceUnavailable' }])
  readers[0]?.response.destroy()
  await until(
    () => !feed.isFull,
    () => feed
  )
  t.equal((await ask(t, server, { key })).statusCode, 200)
})

/** A reader that has the headers and reads nothing more. */
async function stalling(server: Listening, key: string): Promise<void> {
  const { socket, received } = await server.raw()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reservationsToken(key)}\r\n\r\n`)
  await until(() => received().includes('200 OK'), received)
  socket.pause()
}

void t.test('a reader that does not read is dropped, and the others hear all', async (t) => {
  const { key, feed, server } = await guard(t)
  await stalling(server, key)
  const { seen } = await reading(t, server, key)
  const connections = await server.connections()
  t.equal(connections, 2)
  let sent = 0
  // Both ends of the connection hold some MB before the server notices.
  await until(
    async () => {
      for (let count = 0; count < 10; count++, sent++) feed.add({ bound: { uid: `${sent}`, node: 'n'.repeat(60_000) } })
      return (await server.connections()) === 1
    },
    () => sent
  )
  await until(
    () => seen.text.includes(`"uid":"${sent - 1}"`),
    () => seen.text.length
  )
  t.equal(seen.text.match(/"uid"/g)?.length, sent)
  t.equal(feed.isHeard, true)
})

void t.test('closing ends every stream and waits for none, not for one that stalls either', async (t) => {
  const { key, feed, server } = await guard(t)
  const { seen } = await reading(t, server, key)
  await stalling(server, key)
  for (let count = 0; count < 15; count++) feed.add({ bound: { uid: `${count}`, node: 'n'.repeat(60_000) } })
  await server.app.close()
  await until(
    () => seen.isEnded,
    () => seen
  )
  t.equal(feed.isHeard, false)
})

void t.test('a server that drains ends its streams and begins no other', async (t) => {
  const { key, server } = await guard(t)
  const { seen } = await reading(t, server, key)
  server.drain()
  await until(
    () => seen.isEnded,
    () => seen
  )
  t.equal((await ask(t, server, { key })).statusCode, 503)
})

void t.test('with another pair the streams of the old key end, and only the new one opens one', async (t) => {
  const { cert, key, server } = await guard(t)
  const { seen } = await reading(t, server, key)
  server.setPair({ cert, key })
  t.equal(seen.isEnded, false)
  const next = await servingPair()
  server.setPair(next)
  await until(
    () => seen.isEnded,
    () => seen
  )
  t.equal((await ask(t, server, { key })).statusCode, 401)
  t.equal((await ask(t, server, { key: next.key })).statusCode, 200)
})

void t.test('a stream outlives the times of a request, and an idle connection', async (t) => {
  const timeouts = { keepAlive: 300, request: 100, handshake: 5 * second, check: 20 }
  const { key, server } = await guard(t, { timeouts }, 50)
  const { seen } = await reading(t, server, key)
  await until(
    () => seen.text.length > 20 || seen.isEnded,
    () => seen
  )
  t.equal(seen.isEnded, false, 'it went on for three times as long as an idle connection may')
  t.match(seen.text, /^\n+$/, 'heartbeats')
})
