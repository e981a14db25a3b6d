import { maxHeaderSize } from 'node:http'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { listening, postHead, until } from '../support/https.ts'
import { podReviewText as review } from '../support/reviews.ts'
import { afterTimersOf } from '../support/until.ts'

const head = postHead(Buffer.byteLength(review))

/** A request has to come within 200 ms, a connection may rest for a minute: no test waits for that. */
const timeouts = { keepAlive: 60_000, request: 200, handshake: 5_000, check: 20 }
/**
 * Waits until a request of which only a part came has been cut, and no resting connection. The server looks by a timer of this
 * process, so its looks until then are over.
 */
const tooLate = (): Promise<void> => afterTimersOf(timeouts.request + 3 * timeouts.check)

function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve))
}

void t.test(
  'a connection that nobody has used yet outlives the time of a request, and then serves reviews',
  async (t) => {
    const server = await listening(t, { timeouts })
    const { socket, received } = await server.raw()
    for (const count of [1, 2]) {
      await tooLate()
      t.equal([...received().matchAll(/HTTP/g)].length, count - 1, 'nobody was told anything unasked')
      socket.write(head + review)
      await until(
        () => [...received().matchAll(/"uid":"u-1"/g)].length === count,
        () => received()
      )
    }
    t.notMatch(received(), /connection: close/i)
  }
)

const parts: { name: string; first: string; part: string }[] = [
  { name: 'headers', first: '', part: 'POST /validate HT' },
  { name: 'a body', first: '', part: head + review.slice(0, 20) },
  { name: 'headers after a review', first: head + review, part: 'POST /validate HT' },
  { name: 'a body after a review', first: head + review, part: head + review.slice(0, 20) }
]
for (const { name, first, part } of parts) {
  void t.test(`on a connection that rested a part of a request is cut as on any other: ${name}`, async (t) => {
    const server = await listening(t, { timeouts })
    const { socket, received } = await server.raw()
    await tooLate()
    if (first !== '') {
      socket.write(first)
      await until(
        () => received().includes('"uid"'),
        () => received()
      )
    }
    socket.write(part)
    await closed(socket)
    t.match(received(), /HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n[\s\S]*"reason":"Timeout"/)
  })
}

void t.test('headers that come byte by byte are cut in time too', async (t) => {
  const server = await listening(t, { timeouts })
  const { socket, received } = await server.raw()
  await tooLate()
  const writing = setInterval(() => socket.write('x'), 50)
  t.teardown(() => clearInterval(writing))
  socket.write('POST /validate')
  await closed(socket)
  t.match(received(), /^HTTP\/1\.1 408 /)
})

void t.test('a connection that nobody ever uses is closed like an idle one, without a word', async (t) => {
  const server = await listening(t, { timeouts: { ...timeouts, keepAlive: 500 } })
  const { socket, received } = await server.raw()
  const bare = connect(server.port, '127.0.0.1')
  bare.on('error', () => {})
  let heard = 0
  bare.on('data', (chunk) => (heard += chunk.length))
  const begun = performance.now()
  await Promise.all([socket, bare].map(closed))
  t.ok(performance.now() - begun > 400, 'not before its time')
  t.strictSame([received(), heard], ['', 0])
  await until(
    async () => (await server.connections()) === 0,
    async () => server.connections()
  )
})

void t.test('headers longer than Node takes are answered with a Status 431, what is no HTTP with 400', async (t) => {
  const server = await listening(t)
  const cases: [string, RegExp][] = [
    [`POST / HTTP/1.1\r\nA: ${'x'.repeat(maxHeaderSize)}\r\n\r\n`, /^HTTP\/1\.1 431 .*"code":431/s],
    ['what\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\n.*\{"kind":"Status".*"code":400\}$/s]
  ]
  for (const [bytes, want] of cases) {
    const { socket, received } = await server.raw()
    socket.write(bytes)
    await closed(socket)
    t.match(received(), want)
  }
})
