import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import { issueAuthority, issueLeaf } from '../../src/certs/issue.ts'
import type { Admission } from '../../src/server/admission.ts'
import { type AdmissionServer, buildAdmissionServer, type Timeouts } from '../../src/server/build-server.ts'
import type { ConnectionLimits } from '../../src/server/connections.ts'
import type { ReservationFeed } from '../../src/server/reservation-feed.ts'
import { admissionOf } from './admissions.ts'
import { until } from './until.ts'

const now = Date.now()
const authority = await issueAuthority('test CA', { from: now, days: 1 })

/** What clients of `servingPair` trust, PEM. */
export const testAuthority: string = authority.cert

/** A serving pair of the tests' authority, each with a key of its own. */
export function servingPair(): Promise<{ cert: string; key: string }> {
  return issueLeaf(authority, ['localhost', '127.0.0.1'], { from: now, days: 1 })
}

/** The head of a POST with a body of so many bytes, as text for a bare connection; `more` are further lines. */
export function postHead(length: number | undefined, more = '', path = '/validate'): string {
  const size = length === undefined ? '' : `Content-Length: ${length}\r\n`
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${size}${more}\r\n`
}

export interface Listening extends AdmissionServer {
  readonly port: number
  agent(): Agent
  /** Posts a body and gives back the whole answer. */
  post(path: string, body: string | Buffer, options?: RequestOptions): Promise<Answered>
  /** A bare TLS connection; what arrives is gathered. */
  raw(): Promise<RawConnection>
  /** Ends when so many requests have begun in all: their headers are read. */
  begun(requests: number): Promise<void>
  /** How many connections the server holds. */
  connections(): Promise<number>
}

export interface RawConnection {
  readonly socket: TLSSocket
  /** Everything that arrived so far. */
  readonly received: () => string
  /** Cuts the connection without a farewell. */
  readonly reset: () => void
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Of the certificate of the connection it came on. */
  readonly serial: string
}

/** A real HTTPS server on a free port, closed with the test. */
export async function listening(
  t: Test,
  options: {
    admission?: Admission
    timeouts?: Timeouts
    limits?: ConnectionLimits
    largeBodies?: number
    pair?: { cert: string; key: string }
    reservations?: ReservationFeed
    port?: number
  } = {}
): Promise<Listening> {
  const held = admissionOf()
  const server = buildAdmissionServer(
    {
      ...held,
      admission: options.admission ?? held.admission,
      reservations: options.reservations,
      ...(options.largeBodies === undefined ? {} : { largeBodies: options.largeBodies })
    },
    options.pair ?? (await servingPair()),
    options.timeouts,
    options.limits
  )
  let requests = 0
  server.app.server.on('request', () => {
    requests++
  })
  await server.app.listen({ host: '127.0.0.1', port: options.port ?? 0 })
  const { port } = server.app.server.address() as AddressInfo
  const agents: Agent[] = []
  const sockets: TLSSocket[] = []
  const agent = (): Agent => {
    const made = new Agent({ keepAlive: true, ca: authority.cert })
    agents.push(made)
    return made
  }
  const shared = agent()
  t.teardown(async () => {
    for (const made of agents) made.destroy()
    for (const socket of sockets) socket.destroy()
    await server.app.close()
  })
  return {
    ...server,
    port,
    agent,
    async post(path, body, more = {}) {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...more.headers }
      const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent: shared, ...more, headers })
      call.end(body)
      const [response] = await once(call, 'response')
      const serial = (response.socket as TLSSocket).getPeerCertificate().serialNumber
      return { status: response.statusCode, headers: response.headers, body: await text(response), serial }
    },
    async raw() {
      const tcp = connectTcp(port, '127.0.0.1')
      const socket = connect({ socket: tcp, host: '127.0.0.1', ca: authority.cert })
      sockets.push(socket)
      let gathered = ''
      socket.on('data', (chunk) => {
        gathered += chunk
      })
      socket.on('error', () => {})
      await once(socket, 'secureConnect')
      return { socket, received: () => gathered, reset: () => void tcp.resetAndDestroy() }
    },
    begun: (count) =>
      until(
        `${count} requests have begun`,
        () => requests >= count,
        () => requests
      ),
    connections: () =>
      new Promise((resolve, reject) =>
        server.app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
      )
  }
}

export { turns, untilHolds as until } from './until.ts'
