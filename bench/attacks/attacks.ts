// The attacks, each on a port of loopback: what one attacker does until he is told to stop.
import { Agent, request } from 'node:https'
import { connect as connectPlainly, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { largePods, pod, review } from './reviews.ts'

export interface Target {
  readonly port: number
  /** False once the attack is over. */
  goesOn(): boolean
}

export type Attack = (target: Target) => Promise<void>

const bodyLimit = 8 * 1024 * 1024
const mostPids = '4194304'
/** Of attackers: another one than that of the good reviews, which come from an API server. */
const localAddress = '127.0.0.66'

/** Runs as many of them at once, each again when it has ended. */
function atOnce(count: number, one: Attack): Attack {
  return async (target) => {
    await Promise.all(
      Array.from({ length: count }, async () => {
        while (target.goesOn()) await one(target)
      })
    )
  }
}

function openPlainly(port: number): Socket {
  return connectPlainly({ host: '127.0.0.1', port, localAddress }).on('error', () => {})
}

function open(port: number): TLSSocket {
  return connect({ socket: openPlainly(port), rejectUnauthorized: false }).on('error', () => {})
}

/** Milliseconds until a connection that was closed is made again. */
const again = 1_000

/** Until the other end closes, or the attack is over. */
async function held(socket: Socket, { goesOn }: Target): Promise<void> {
  let isClosed = false
  socket.on('close', () => {
    isClosed = true
  })
  socket.resume()
  while (!isClosed && goesOn()) await sleep(100)
  socket.destroy()
  if (goesOn()) await sleep(again)
}

const head = (more: string): string =>
  `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}\r\n\r\n`

/** A body of bytes that are a chunk each. */
const tinyChunks: Attack = async (target) => {
  const socket = open(target.port)
  const block = Buffer.from('1\r\n \r\n'.repeat(10_000))
  socket.write(head('Transfer-Encoding: chunked'))
  const go = (): void => {
    while (target.goesOn() && !socket.destroyed) if (!socket.write(block)) return void socket.once('drain', go)
  }
  go()
  await held(socket, target)
}

/** A body of the largest length whose last byte never comes. */
const withheld: Attack = async (target) => {
  const socket = open(target.port)
  socket.write(head(`Content-Length: ${bodyLimit}`))
  const chunk = Buffer.alloc(65_536, 32)
  let left = bodyLimit - 1
  const go = (): void => {
    while (left > 0 && !socket.destroyed) {
      const part = chunk.subarray(0, left)
      left -= part.length
      if (!socket.write(part)) return void socket.once('drain', go)
    }
  }
  go()
  await held(socket, target)
}

const silent: Attack = (target) => held(openPlainly(target.port), target)

const halfHello: Attack = (target) => {
  const socket = openPlainly(target.port)
  socket.write(Buffer.from('160301', 'hex'))
  return held(socket, target)
}

const idleTls: Attack = (target) => held(open(target.port), target)

/** Posts one body again and again on a connection of its own. */
function posts(path: string, bodyOf: () => string | Buffer): Attack {
  let body: Buffer | undefined
  return async ({ port }) => {
    body ??= Buffer.from(bodyOf())
    await post(port, path, body, new Agent({ rejectUnauthorized: false }))
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 8, rejectUnauthorized: false })

function post(port: number, path: string, body: Buffer, by: Agent = agent): Promise<void> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const sent = request(
      { host: '127.0.0.1', port, localAddress, path, method: 'POST', agent: by, headers },
      (response) => {
        response.resume()
        response.on('close', resolve)
      }
    )
    sent.on('error', () => resolve())
    sent.end(body)
  })
}

/** Another review each time. */
function forges(one: (i: number) => string): Attack {
  let i = 0
  return ({ port }) => post(port, '/validate?timeout=3s', Buffer.from(one(i++)))
}

const forged = (spec: object, pids: string, namespace: string): string =>
  review(pod({ ...spec }, { namespace, annotations: { 'pidguard.io/pids': pids } }), { dryRun: false })

const tolerations = (count: number) => Array.from({ length: count }, (_, i) => ({ key: `x${i}`, operator: 'Exists' }))

/** By the numbers of the attacks; those that only the API server or a kubelet can carry out are in world.ts. */
export const attacks: Readonly<Record<string, Attack>> = {
  '1 forged claims on every node': atOnce(
    2,
    forges((i) => forged({ nodeName: `n${i % 4}` }, mostPids, ['kube-system', 'shop', 'default'][i % 3] ?? ''))
  ),
  '3 chunks of one byte, 8 connections': atOnce(8, tinyChunks),
  '3 bodies without an end, 90 of 8 MiB': atOnce(90, withheld),
  '3 half handshakes, 2,250 at once': atOnce(2_250, halfHello),
  '3 silent connections, 2,250 at once': atOnce(2_250, silent),
  '3 idle TLS connections, 500 at once': atOnce(500, idleTls),
  '3 whitespace, 10 of 8 MiB': atOnce(
    10,
    posts('/validate?timeout=3s', () =>
      Buffer.concat([Buffer.alloc(bodyLimit - 2_000, 32), Buffer.from(review(pod()))])
    )
  ),
  '3 Pods of 40,000 containers, 40 at once': atOnce(
    40,
    posts('/mutate?timeout=3s', () => review(largePods['containers, 40,000 defaulted']?.() ?? pod()))
  ),
  '5 placements of 101 terms': atOnce(
    2,
    forges(() => forged({ tolerations: tolerations(101) }, '6000', 'shop'))
  ),
  ...Object.fromEntries(
    Object.entries(largePods).flatMap(([name, make]) =>
      ['validate', 'mutate'].map((path) => [
        `6 ${name}, ${path}`,
        atOnce(
          1,
          posts(`/${path}?timeout=3s`, () => review(make()))
        )
      ])
    )
  ),
  '7 waiting pods of many placements': atOnce(
    2,
    forges((i) => forged({ nodeSelector: { nowhere: `z${i}` } }, '50', 'orders'))
  ),
  '8 waiting pods of many sizes': atOnce(
    2,
    forges((i) => forged({}, String(1 + (i % 20_000)), 'orders'))
  ),
  '9 pods that a quota refuses': atOnce(
    2,
    forges((i) => forged({}, i % 2 === 0 ? '600' : '50', 'shop'))
  )
}
