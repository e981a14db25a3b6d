import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type Listening, listening, postHead, turns, until } from '../support/https.ts'
import { podReviewText as review } from '../support/reviews.ts'

const head = postHead(Buffer.byteLength(review))

/** A connection without TLS that the server has taken. */
async function bare(t: Test, server: Listening, bytes?: Buffer): Promise<Socket> {
  const before = await server.connections()
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await until(
    async () => (await server.connections()) > before,
    async () => server.connections()
  )
  if (bytes !== undefined) {
    socket.write(bytes)
    await turns()
  }
  return socket
}

/** Resolves when it is closed, by a reset too. */
function cut(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve))
}

/** The start of a TLS record that says it is a handshake of 512 bytes, and no more. */
const halfHello = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])

const unused: { name: string; open: (t: Test, server: Listening) => Promise<Socket> }[] = [
  { name: 'one that agreed on TLS and never asked', open: async (_t, server) => (await server.raw()).socket },
  { name: 'one that never sent a byte', open: (t, server) => bare(t, server) },
  { name: 'one that began with TLS and went no further', open: (t, server) => bare(t, server, halfHello) },
  {
    name: 'one that was answered and is kept',
    async open(_t, server) {
      const { socket, received } = await server.raw()
      socket.write(head + review)
      await until(
        () => received().includes('"uid"'),
        () => received()
      )
      return socket
    }
  },
  {
    name: 'one that was answered and began to ask again',
    async open(_t, server) {
      const { socket, received } = await server.raw()
      socket.write(head + review)
      await until(
        () => received().includes('"uid"'),
        () => received()
      )
      socket.write('POST /validate HT')
      await turns()
      return socket
    }
  }
]
for (const { name, open } of unused) {
  void t.test(`closing waits for no connection without a request under way: ${name}`, async (t) => {
    const server = await listening(t)
    const socket = await open(t, server)
    const closed = cut(socket)
    await server.app.close()
    await closed
    t.equal(await server.connections(), 0)
  })
}

void t.test('a request under way while the server closes is answered, next to connections that are cut', async (t) => {
  const server = await listening(t)
  const busy = await server.raw()
  busy.socket.write(head + review.slice(0, 20))
  const idle = [(await server.raw()).socket, (await server.raw()).socket, await bare(t, server)]
  await server.begun(1)
  const gone = idle.map(cut)
  const closed = server.app.close()
  await Promise.all(gone)
  busy.socket.write(review.slice(20))
  await once(busy.socket, 'close')
  t.match(busy.received(), /HTTP\/1\.1 200 .*connection: close.*"uid":"u-1"/is)
  await closed
})

void t.test('of several requests on one connection the last one is waited for', async (t) => {
  const server = await listening(t)
  const busy = await server.raw()
  busy.socket.write(head + review + head + review.slice(0, 20))
  await until(
    () => busy.received().includes('"uid"'),
    () => busy.received()
  )
  await server.begun(2)
  const closed = server.app.close()
  busy.socket.write(review.slice(20))
  await once(busy.socket, 'close')
  t.equal([...busy.received().matchAll(/HTTP\/1\.1 200 /g)].length, 2)
  await closed
})

void t.test('an answer that was on its way before the server closed ends its connection when it is out', async (t) => {
  const server = await listening(t)
  const { socket, received } = await server.raw()
  const answering = new Promise<void>((resolve) => {
    server.app.server.on('request', (_request, response) => response.on('prefinish', resolve))
  })
  socket.write(head + review)
  await answering
  server.app.server.close()
  await once(socket, 'close')
  t.match(received(), /HTTP\/1\.1 200 .*"uid":"u-1"/is)
  t.notMatch(received(), /connection: close/i)
})

void t.test('a connection that breaks in the middle of a request is waited for no longer', async (t) => {
  const server = await listening(t)
  const { socket, reset } = await server.raw()
  socket.write(head + review.slice(0, 20))
  await server.begun(1)
  const closed = server.app.close()
  reset()
  await closed
  t.equal(await server.connections(), 0)
})

void t.test('a new connection takes the place of the one that was of no use for longest', async (t) => {
  const server = await listening(t, { limits: { connections: 3, handshakes: 2 } })
  const ask = async ({ socket, received }: Awaited<ReturnType<typeof server.raw>>, times: number) => {
    socket.write(head + review)
    await until(
      () => received().split('"uid"').length > times,
      () => received()
    )
  }
  const used = await server.raw()
  await ask(used, 1)
  const unused = await server.raw()
  const later = await server.raw()
  await ask(later, 1)
  const gone = cut(unused.socket)
  const fourth = await server.raw()
  await gone
  await ask(used, 2)
  await ask(fourth, 1)
  const next = cut(later.socket)
  const fifth = await server.raw()
  await next
  await ask(used, 3)
  await ask(fifth, 1)
  t.equal(await server.connections(), 3)
})

void t.test('connections that stall in their handshake do not keep others out', async (t) => {
  const server = await listening(t, { limits: { connections: 10, handshakes: 2 } })
  const stalled = [await bare(t, server), await bare(t, server, halfHello)]
  const gone = stalled.map(cut)
  for (let i = 0; i < 2; i++) {
    const { socket, received } = await server.raw()
    socket.write(head + review)
    await until(
      () => received().includes('"uid"'),
      () => received()
    )
  }
  const more = connect(server.port, '127.0.0.1')
  const another = connect(server.port, '127.0.0.1')
  t.teardown(() => {
    more.destroy()
    another.destroy()
  })
  await Promise.all(gone)
  t.pass('the oldest two were cut')
})

void t.test('requests that never end do not keep others out', async (t) => {
  const server = await listening(t, { limits: { connections: 3, handshakes: 2 } })
  for (let i = 0; i < 3; i++) {
    const { socket } = await server.raw()
    socket.write(head + review.slice(0, 20))
  }
  await server.begun(3)
  const { socket, received } = await server.raw()
  socket.write(head + review)
  await until(
    () => received().includes('"uid"'),
    () => received()
  )
  t.match(received(), /HTTP.1.1 200/)
})
