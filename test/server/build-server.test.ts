import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import t from 'tap'
import { buildProbeServer } from '../../src/server/build-server.ts'
import { listening, postHead, servingPair, until } from '../support/https.ts'
import { podReviewText as review } from '../support/reviews.ts'

const head = postHead(Buffer.byteLength(review))

void t.test(
  'after a change of the certificate new connections get the new one, old ones end with their next answer',
  async (t) => {
    const [first, second] = [await servingPair(), await servingPair()]
    const [one, two] = [first, second].map(({ cert }) => new X509Certificate(cert).serialNumber)
    const server = await listening(t, { pair: first })
    const kept = server.agent()
    t.match(await server.post('/validate', review, { agent: kept }), { status: 200, serial: one })
    server.setPair(second)
    const last = await server.post('/validate', review, { agent: kept })
    t.match(last, { status: 200, serial: one, headers: { connection: 'close' } })
    const next = await server.post('/validate', review, { agent: kept })
    t.match(next, { status: 200, serial: two })
    t.not(next.headers.connection, 'close')
    t.match(await server.post('/mutate', review, { agent: server.agent() }), { status: 200, serial: two })
  }
)

void t.test('no call fails while certificates change under load', async (t) => {
  const server = await listening(t)
  const pairs = [await servingPair(), await servingPair(), await servingPair()]
  const agent = server.agent()
  let calls = 0
  let going = true
  const caller = async (): Promise<void> => {
    while (going) {
      t.equal((await server.post('/validate', review, { agent })).status, 200)
      calls++
    }
  }
  const callers = Array.from({ length: 8 }, caller)
  for (const pair of [...pairs, undefined]) {
    const before = calls
    await until(
      () => calls > before + callers.length,
      () => calls
    )
    if (pair !== undefined) server.setPair(pair)
  }
  going = false
  await Promise.all(callers)
})

void t.test('a pair that does not fit is refused, and the old one serves on', async (t) => {
  const [first, second] = [await servingPair(), await servingPair()]
  const server = await listening(t, { pair: first })
  t.throws(() => server.setPair({ cert: second.cert, key: first.key }))
  t.throws(() => server.setPair({ cert: '', key: '' }))
  // Node takes an empty text for no certificate at all, and with a good key beside it would refuse every handshake.
  t.throws(() => server.setPair({ cert: '', key: second.key }))
  t.throws(() => server.setPair({ cert: second.cert, key: '' }))
  const { status, serial, headers } = await server.post('/validate', review)
  t.match([status, serial], [200, new X509Certificate(first.cert).serialNumber])
  t.not(headers.connection, 'close')
})

void t.test('while the server drains every answer closes its connection', async (t) => {
  const server = await listening(t)
  t.not((await server.post('/validate', review)).headers.connection, 'close')
  server.drain()
  for (const path of ['/validate', '/mutate']) t.equal((await server.post(path, review)).headers.connection, 'close')
  await until(
    async () => (await server.connections()) === 0,
    async () => server.connections()
  )
})

void t.test(
  'a review on its way is answered although the server closes, and closing does not wait for idle ones',
  async (t) => {
    const server = await listening(t)
    const idle = await server.raw()
    idle.socket.write(head + review)
    await until(
      () => idle.received().includes('"uid"'),
      () => idle.received()
    )
    const busy = await server.raw()
    busy.socket.write(head + review.slice(0, 20))
    await server.begun(2)
    server.drain()
    const closed = server.app.close()
    await once(idle.socket, 'close')
    busy.socket.write(review.slice(20))
    await once(busy.socket, 'close')
    t.match(busy.received(), /HTTP\/1\.1 200 .*connection: close.*"uid":"u-1"/is)
    await closed
  }
)

void t.test('closing without draining ends kept connections as well', async (t) => {
  const server = await listening(t)
  const busy = await server.raw()
  busy.socket.write(head + review.slice(0, 20))
  await server.begun(1)
  const closed = server.app.close()
  busy.socket.write(review.slice(20))
  await once(busy.socket, 'close')
  t.match(busy.received(), /HTTP\/1\.1 200 /)
  await closed
})

void t.test('plain HTTP and TLS before 1.2 are not served', async (t) => {
  const server = await listening(t)
  const { connect } = await import('node:net')
  const plain = connect(server.port, '127.0.0.1')
  plain.on('error', () => {})
  plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(plain, 'close')
  await t.rejects(
    server.post('/validate', review, { agent: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' } as object)
  )
  t.equal((await server.post('/validate', review)).status, 200)
})

void t.test('probes: alive always, ready when nothing stands in the way, metrics as they are', async (t) => {
  let reasons: string[] = ['no policy yet', 'no certificate']
  const app = buildProbeServer({
    unready: () => reasons,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'pidguard_up 1\n' })
  })
  t.teardown(() => app.close())
  t.match(await app.inject('/livez'), { statusCode: 200, body: 'ok\n' })
  t.match(await app.inject('/readyz'), {
    statusCode: 503,
    body: 'not ready: no policy yet\nnot ready: no certificate\n'
  })
  reasons = []
  t.match(await app.inject('/readyz'), { statusCode: 200, body: 'ok\n' })
  const { statusCode, headers, body } = await app.inject('/metrics')
  t.match([statusCode, headers['content-type'], body], [200, /^text\/plain; version=0\.0\.4/, 'pidguard_up 1\n'])
  const unknown = await app.inject({ method: 'POST', url: `/${'x'.repeat(5_000)}` })
  t.equal(unknown.statusCode, 404)
  t.ok(unknown.body.length < 500)
})

void t.test('metrics that cannot be rendered are a 500, not an end', async (t) => {
  const app = buildProbeServer({
    unready: () => [],
    async metrics() {
      throw new Error('broken')
    }
  })
  t.teardown(() => app.close())
  t.equal((await app.inject('/metrics')).statusCode, 500)
  t.equal((await app.inject('/livez')).statusCode, 200)
})
