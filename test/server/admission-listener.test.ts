import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import t, { type Test } from 'tap'
import { buildListener, type ListenerDeps, reviewBodyLimit } from '../../src/server/admission-listener.ts'
import { admissionOf } from '../support/admissions.ts'
import { listening, postHead, turns, until } from '../support/https.ts'
import { reviewOf } from '../support/reviews.ts'
import { podObject } from '../support/subjects.ts'

const review = JSON.stringify(reviewOf(podObject()))
const quick = { keepAlive: 300, request: 300, handshake: 5_000, check: 50 }

function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
}

/** A review of so many bytes. */
function reviewOfSize(size: number): string {
  const annotations = (value: string): string => JSON.stringify(reviewOf(podObject({}, { annotations: { a: value } })))
  return annotations('x'.repeat(size - annotations('').length))
}

void t.test('both routes answer, with or without ?timeout=, as the API server appends it', async (t) => {
  const server = await listening(t)
  for (const path of [
    '/mutate',
    '/validate',
    '/mutate?timeout=10s',
    '/validate?timeout=1s',
    '/validate?a=b&timeout=30s'
  ]) {
    const { status, headers, body } = await server.post(path, review)
    t.match([status, headers['content-type']], [200, 'application/json'], path)
    t.equal(JSON.parse(body).response.uid, 'u-1')
  }
})

void t.test('what is no admission route is answered with a Status 404 that names the routes', async (t) => {
  const server = await listening(t)
  for (const path of ['/', '/mutate/', '/Mutate', '/__proto__', '/constructor', '/toString', '/mutate%2f']) {
    const { status, body } = await server.post(path, review)
    t.equal(status, 404, path)
    t.match(JSON.parse(body), {
      kind: 'Status',
      code: 404,
      message: /expected POST \/mutate or POST \/validate, found POST/
    })
  }
})

void t.test('another method is answered with 405 and the one that is allowed', async (t) => {
  const server = await listening(t)
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
    const { status, headers, body } = await server.post('/mutate', '', { method })
    t.equal(status, 405, method)
    t.equal(headers.allow, 'POST')
    t.match(JSON.parse(body), { kind: 'Status', reason: 'MethodNotAllowed' })
  }
  t.equal((await server.post('/mutate', '', { method: 'HEAD' })).status, 405)
})

void t.test('another content type is answered with 415; parameters of the right one are fine', async (t) => {
  const server = await listening(t)
  for (const type of ['text/plain', 'application/jsonx', 'application/yaml', '', 'x'.repeat(2_000)]) {
    const { status, body } = await server.post('/mutate', review, { headers: { 'content-type': type } })
    t.equal(status, 415, type.slice(0, 20))
    t.ok(body.length < 400)
  }
  for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json ;x'])
    t.equal((await server.post('/mutate', review, { headers: { 'content-type': type } })).status, 200, type)
  const { socket, received } = await server.raw()
  socket.write(`POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`)
  await until(
    () => statuses(received()).length === 1,
    () => statuses(received())
  )
  t.match(received(), /415 .*found none/s)
})

void t.test('an empty body and broken JSON are answered with a Status 400', async (t) => {
  const server = await listening(t)
  for (const body of ['', '{', 'x', Buffer.from([0xff, 0xfe, 0x00])])
    t.match(await server.post('/validate', body), { status: 400, body: /"kind":"Status"/ })
})

void t.test('a body of 7 MiB is judged, one of just the limit too, one past it is refused with 413', async (t) => {
  const server = await listening(t)
  for (const size of [7 * 1024 * 1024, reviewBodyLimit]) {
    const body = reviewOfSize(size)
    t.equal(Buffer.byteLength(body), size)
    const { status, body: answer } = await server.post('/mutate', body)
    t.equal(status, 200)
    t.equal(JSON.parse(answer).response.uid, 'u-1')
  }
  const { socket, received } = await server.raw()
  socket.write(postHead(reviewBodyLimit + 1))
  await until(
    () => received().includes('}'),
    () => received()
  )
  t.strictSame(statuses(received()), [413])
  t.match(received(), /connection: close/i)
})

void t.test('a body in chunks is refused with 411: each chunk costs time and memory, however short', async (t) => {
  const server = await listening(t)
  const { socket, received } = await server.raw()
  socket.write(postHead(undefined, 'Transfer-Encoding: chunked\r\n'))
  await until(
    () => statuses(received()).length === 1,
    () => statuses(received())
  )
  t.strictSame(statuses(received()), [411])
  t.match(received(), /Content-Length/)
  await until(
    async () => (await server.connections()) === 0,
    async () => server.connections()
  )
})

void t.test(
  'when large bodies are too many, the largest gives up, and small reviews beside it are answered',
  async (t) => {
    const server = await listening(t, { largeBodies: 100_000 })
    const open = async (length: number) => {
      const held = await server.raw()
      held.socket.write(`${postHead(length)}{`)
      return held
    }
    const [first, larger] = [await open(40_000), await open(50_000)]
    await server.begun(2)
    t.strictSame([statuses(first.received()), statuses(larger.received())], [[], []], 'both are under way')
    const last = await open(40_000)
    await until(
      () => statuses(larger.received()).length === 1,
      () => statuses(larger.received())
    )
    t.strictSame(statuses(larger.received()), [429])
    t.equal((await server.post('/validate', review)).status, 200, 'a small one has room always')
    first.reset()
    await until(
      async () => (await server.post('/validate', reviewOfSize(55_000))).status === 200,
      async () => (await server.post('/validate', reviewOfSize(55_000))).status
    )
    t.strictSame(statuses(last.received()), [], 'the bytes of a broken connection are given back')
  }
)

void t.test('the room of answered bodies is given back', async (t) => {
  const server = await listening(t, { largeBodies: 100_000 })
  const statuses = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const answers: number[] = []
      for (let i = 0; i < 5; i++) answers.push((await server.post('/validate', reviewOfSize(90_000))).status)
      return answers
    })
  )
  t.ok(statuses.flat().includes(200))
  t.equal((await server.post('/validate', reviewOfSize(90_000))).status, 200)
})

void t.test('headers said twice never make one review two', async (t) => {
  const server = await listening(t)
  const cases: [string, number][] = [
    [postHead(review.length, `Content-Length: ${review.length + 5}\r\n`), 400],
    [postHead(review.length, 'Transfer-Encoding: chunked\r\n'), 400],
    [postHead(review.length, 'Content-Type: text/plain\r\n'), 200]
  ]
  for (const [lines, status] of cases) {
    const { socket, received } = await server.raw()
    socket.write(lines + review)
    await until(
      () => statuses(received()).length > 0,
      () => statuses(received())
    )
    await turns()
    t.strictSame(statuses(received()), [status], 'one answer')
    socket.destroy()
  }
})

void t.test('what is no HTTP is answered with 400 and closed', async (t) => {
  const server = await listening(t)
  for (const bytes of ['\x00\x01\x02\r\n\r\n', 'GET\r\n\r\n', `${postHead(2)}`.replace('HTTP/1.1', 'HTTP/9.9')]) {
    const { socket, received } = await server.raw()
    socket.write(bytes)
    await once(socket, 'close')
    t.match(received(), /^HTTP\/1\.1 400 /)
  }
})

void t.test('several reviews sent at once on one connection are answered in their order', async (t) => {
  const server = await listening(t)
  const { socket, received } = await server.raw()
  const bodies = ['first', 'second', 'third'].map((uid) => JSON.stringify(reviewOf(podObject(), { uid })))
  socket.write(bodies.map((body) => postHead(Buffer.byteLength(body)) + body).join(''))
  await until(
    () => statuses(received()).length === 3,
    () => statuses(received())
  )
  await until(
    () => received().includes('third'),
    () => received()
  )
  t.strictSame(
    [...received().matchAll(/"uid":"(\w+)"/g)].map(([, uid]) => uid),
    ['first', 'second', 'third']
  )
})

void t.test('a connection is kept for the next review', async (t) => {
  const server = await listening(t)
  const agent = server.agent()
  for (let i = 0; i < 5; i++) {
    const { headers } = await server.post('/validate', review, { agent })
    t.notMatch(headers.connection ?? '', 'close')
  }
  t.equal(await server.connections(), 1)
})

void t.test('a body that arrives byte by byte, but in time, is judged', async (t) => {
  const server = await listening(t)
  const { socket, received } = await server.raw()
  socket.setNoDelay(true)
  socket.write(postHead(Buffer.byteLength(review)))
  for (const part of review.match(/.{1,40}/gs) ?? []) {
    socket.write(part)
    await turns(2)
  }
  await until(
    () => statuses(received()).length === 1,
    () => statuses(received())
  )
  t.strictSame(statuses(received()), [200])
})

void t.test('headers or a body that do not arrive in time are answered with 408 and closed', async (t) => {
  const server = await listening(t, { timeouts: { ...quick, keepAlive: 5_000 } })
  for (const bytes of ['POST /validate HT', postHead(100), `${postHead(100)}{"half":`]) {
    const { socket, received } = await server.raw()
    socket.write(bytes)
    await once(socket, 'close')
    t.strictSame(statuses(received()), [408], JSON.stringify(bytes.slice(0, 20)))
  }
  t.equal(await server.connections(), 0)
})

void t.test('an idle connection is closed after its time, without a word', async (t) => {
  const server = await listening(t, { timeouts: { ...quick, request: 5_000 } })
  const { socket, received } = await server.raw()
  socket.write(postHead(Buffer.byteLength(review)) + review)
  await once(socket, 'close')
  t.strictSame(statuses(received()), [200])
})

void t.test('a connection that breaks anywhere leaves nothing behind, and the next one is served', async (t) => {
  const server = await listening(t)
  const listeners = process.listenerCount('uncaughtException')
  for (const bytes of [
    '',
    'POST',
    postHead(1_000),
    `${postHead(1_000)}{"x"`,
    postHead(Buffer.byteLength(review)) + review
  ]) {
    const { socket, reset } = await server.raw()
    if (bytes !== '') socket.write(bytes)
    await turns()
    reset()
  }
  await until(
    async () => (await server.connections()) === 0,
    async () => server.connections()
  )
  t.equal((await server.post('/validate', review)).status, 200)
  t.equal(process.listenerCount('uncaughtException'), listeners)
})

/** A listener on a port of loopback, without TLS; what arrives is written on a socket. */
async function plainly(t: Test, deps: ListenerDeps) {
  const listener = buildListener(deps)
  const server = createServer((request, response) => void listener(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  t.teardown(() => {
    socket.destroy()
    server.close()
  })
  return { server, socket, received: () => received }
}

void t.test('reviews of one turn: all are judged, then all answered, then all counted and logged', async (t) => {
  const held = admissionOf()
  const steps: string[] = []
  let span = 0
  const admission: typeof held.admission = (webhook, body, arrivedAt) => {
    steps.push('judge')
    held.clock.advance(span)
    return { ...held.admission(webhook, body, arrivedAt), report: () => steps.push('report') }
  }
  const isLast = (): boolean => {
    steps.push('send')
    return false
  }
  const { socket, received } = await plainly(t, { ...held, admission, isLast })
  // Sent at once they are read at once: an end of a body is an event of the same turn.
  const sent = `${postHead(Buffer.byteLength(review))}${review}`.repeat(3)
  socket.write(sent)
  await until(
    () => statuses(received()).length === 3,
    () => statuses(received())
  )
  t.strictSame(steps.splice(0).join(' '), 'judge judge judge send send send report report report')
  span = 1
  socket.write(sent)
  await until(
    () => statuses(received()).length === 6,
    () => statuses(received())
  )
  t.strictSame(
    steps.join(' '),
    'judge judge send send report report judge send report',
    'but no answer waits much longer than 1 ms for the judging of others'
  )
})

void t.test('a review is given the address of its caller, also when the connection is gone', async (t) => {
  const held = admissionOf()
  const callers: (string | undefined)[] = []
  const admission: typeof held.admission = (webhook, body, arrivedAt, caller) => {
    callers.push(caller)
    return held.admission(webhook, body, arrivedAt)
  }
  for (const count of [1, 2]) {
    const { server, socket } = await plainly(t, { ...held, admission, isLast: () => false })
    // The second one loses its socket in the turn in which its body arrives.
    if (count === 2)
      server.prependOnceListener('request', (request) => request.on('end', () => request.socket.destroy()))
    socket.write(`${postHead(Buffer.byteLength(review))}${review}`)
    await until(
      () => callers.length === count,
      () => callers
    )
  }
  t.strictSame(callers, ['127.0.0.1', '127.0.0.1'])
})

void t.test('each large review is checked in a turn of its own', async (t) => {
  const held = admissionOf()
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  count()
  const large: number[] = []
  let small = 0
  const admission: typeof held.admission = (webhook, body, arrivedAt) => {
    if (body.length > 128 * 1024) large.push(turns)
    else small++
    return held.admission(webhook, body, arrivedAt)
  }
  const { socket, received } = await plainly(t, { ...held, admission, isLast: () => false })
  const long = review.padEnd(129 * 1024)
  const sent = [long, long, review, long, review].map((text) => `${postHead(Buffer.byteLength(text))}${text}`)
  socket.write(sent.join(''))
  await until(
    () => statuses(received()).length === 5,
    () => statuses(received())
  )
  isOver = true
  t.equal(small, 2)
  t.equal(new Set(large).size, 3)
})

void t.test('a review that came later than its caller waits is not judged but answered with 504', async (t) => {
  const held = admissionOf()
  let judged = 0
  const admission: typeof held.admission = (webhook, body, arrivedAt) => {
    judged++
    return held.admission(webhook, body, arrivedAt)
  }
  // The clock stands still until the test moves it: between the head and the body of the review.
  const late = async (timeout: string, span: number): Promise<number[]> => {
    const { server, socket, received } = await plainly(t, { ...held, admission, isLast: () => false })
    const arrived = once(server, 'request')
    socket.write(postHead(Buffer.byteLength(review), '', `/validate${timeout}`))
    await arrived
    held.clock.advance(span)
    socket.write(review)
    await until(
      () => statuses(received()).length === 1,
      () => statuses(received())
    )
    return statuses(received())
  }
  t.strictSame(await late('?timeout=5s', 5_000), [200])
  t.strictSame(await late('?timeout=5s', 5_001), [504])
  t.strictSame(await late('', 10_000), [200])
  t.strictSame(await late('', 10_001), [504])
  t.strictSame(await late('?timeout=x', 10_001), [504], 'an unreadable timeout is the usual one')
  t.strictSame(await late('?mytimeout=90s', 10_001), [504])
  t.equal(judged, 2)
})

/** Sends one review over a process that is held up for a span, after the body of the review came whole. */
async function heldUp(t: Test, path: string, span: number, change: Partial<ListenerDeps> = {}) {
  const held = admissionOf({ modes: { 'best-effort': 'off' } })
  const seconds: number[] = []
  const meter = {
    ...held.meter,
    countReview(...[webhook, result, took]: Parameters<typeof held.meter.countReview>) {
      held.meter.countReview(webhook, result, took)
      seconds.push(took)
    }
  }
  const { admission } = admissionOf({ modes: { 'best-effort': 'off' } }, { ...held, meter })
  const { server, socket, received } = await plainly(t, { ...held, admission, meter, isLast: () => false, ...change })
  // A listener of the body's end that comes after the server's own.
  server.on('request', (request) => request.on('end', () => held.clock.advance(span)))
  socket.write(postHead(Buffer.byteLength(review), '', path) + review)
  await until(
    () => statuses(received()).length === 1,
    () => statuses(received())
  )
  await until(
    () => held.log.lines.length > 0,
    () => held.log.lines
  )
  return { status: statuses(received())[0], log: held.log, counted: held.meter.counted, seconds, received }
}

void t.test('a review that is late is counted, and told in one line with how long it waited', async (t) => {
  for (const webhook of ['validate', 'mutate']) {
    const { status, log, counted, seconds, received } = await heldUp(t, `/${webhook}?timeout=2s`, 2_001)
    t.equal(status, 504)
    t.match(received(), /connection: close/i)
    t.strictSame([counted, seconds], [[`${webhook} late`], [2.001]])
    t.strictSame(log.lines, [
      {
        level: 'warn',
        message: 'review late, not checked',
        fields: { webhook, result: 'late', timeoutMs: 2_000, waitedMs: 2_001, durationMs: 2_001 }
      }
    ])
  }
})

void t.test(
  'the time that a review waited to be judged counts from its whole body on, and makes it slow',
  async (t) => {
    const { status, log, counted, seconds } = await heldUp(t, '/validate?timeout=2s', 2_000)
    t.equal(status, 200)
    t.strictSame([counted[0], seconds], ['validate allowed', [2]])
    t.match(log.lines, [{ level: 'info', message: 'review', fields: { durationMs: 2_000 } }])
  }
)

void t.test('a late review of which only the body came late waited, but took no time here', async (t) => {
  const held = admissionOf()
  const { server, socket, received } = await plainly(t, { ...held, isLast: () => false })
  const arrived = once(server, 'request')
  socket.write(postHead(Buffer.byteLength(review), '', '/validate?timeout=1s'))
  await arrived
  held.clock.advance(1_500)
  socket.write(review)
  await until(
    () => statuses(received()).length === 1,
    () => statuses(received())
  )
  await until(
    () => held.log.lines.length > 0,
    () => held.log.lines
  )
  t.match(held.log.lines, [{ level: 'warn', fields: { timeoutMs: 1_000, waitedMs: 1_500, durationMs: 0 } }])
})

void t.test('a late review that cannot be counted is told, and ends nothing', async (t) => {
  const meter = {
    countReview() {
      throw new Error('no counter')
    }
  }
  const { status, log } = await heldUp(t, '/validate?timeout=1s', 1_001, { meter })
  t.equal(status, 504)
  t.match(log.lines, [{ level: 'error', message: 'review not reported', fields: { err: /no counter/ } }])
})
