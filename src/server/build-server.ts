import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { isAuthorized } from '../certs/reservations-token.ts'
import type { Millis } from '../lib/units.ts'
import { buildListener, type ListenerDeps } from './admission-listener.ts'
import { answerClientError } from './client-error.ts'
import { type ConnectionLimits, Connections, limitConnections } from './connections.ts'
import { mostReaders, type ReservationFeed } from './reservation-feed.ts'
import { renderStatus } from './status.ts'

/** A serving certificate and its key, PEM. */
export interface ServingPair {
  readonly cert: string
  readonly key: string
}

/**
 * Longer than the 90 s after which the API server drops an idle connection (client-go transport defaults), so it is
 * never us who close a connection that it is about to use: it does not retry a webhook call.
 */
const keepAliveTimeout: Millis = 120_000
/** Headers and body have to arrive within this time from the first byte; the API server sends both at once. Own choice. */
const requestTimeout: Millis = 10_000

export interface Timeouts {
  /** How long a connection may go without a request, also before the first. */
  readonly keepAlive: Millis
  readonly request: Millis
  /** From the connection to the end of its TLS handshake. */
  readonly handshake: Millis
  /** How often connections are looked at: a late one is closed up to this much later. */
  readonly check: Millis
}

/** A handshake takes milliseconds; the API server gives up a call after 30 s at most. Own choice. */
const handshakeTimeout: Millis = 5_000

const defaultTimeouts: Timeouts = {
  keepAlive: keepAliveTimeout,
  request: requestTimeout,
  handshake: handshakeTimeout,
  check: 1_000
}

export interface AdmissionServer {
  readonly app: FastifyInstance
  /**
   * Takes a new pair for new connections; throws and keeps the old one when the two do not fit. Connections made
   * before get their next answer with `Connection: close`. They are not cut: the API server may be sending on one of
   * them, and does not retry a webhook call. Streams of reservations end where the key is another.
   */
  setPair(pair: ServingPair): void
  /** From now on every answer closes its connection, so the API server opens the next one elsewhere. Ends the streams of reservations. */
  drain(): void
}

export interface AdmissionServerDeps extends Omit<ListenerDeps, 'isLast'> {
  /** Of the one writer: `GET /reservations` streams it to who has the token of the serving key. */
  readonly reservations?: ReservationFeed | undefined
}

/** The HTTPS server of the two webhooks; does not listen yet. */
export function buildAdmissionServer(
  { reservations, ...deps }: AdmissionServerDeps,
  pair: ServingPair,
  timeouts: Timeouts = defaultTimeouts,
  limits?: ConnectionLimits
): AdmissionServer {
  let { key } = pair
  let generation = 0
  let draining = false
  const generations = new WeakMap<Socket, number>()
  const isLast = ({ socket }: IncomingMessage): boolean =>
    draining || (generations.get(socket) ?? generation) < generation
  const listener = buildListener({ ...deps, isLast })
  const server = createServer({
    ...pair,
    minVersion: 'TLSv1.2',
    keepAliveTimeout: timeouts.keepAlive,
    requestTimeout: timeouts.request,
    headersTimeout: timeouts.request,
    connectionsCheckingInterval: timeouts.check,
    handshakeTimeout: timeouts.handshake
  })
  const connections = new Connections(server, limits)
  server.on('secureConnection', (socket) => {
    generations.set(socket, generation)
    // Until the first answer; from then on Node does so after each.
    socket.setTimeout(timeouts.keepAlive)
  })
  const app = fastify({
    ...withoutSchemas,
    logger: false,
    forceCloseConnections: 'idle',
    keepAliveTimeout: timeouts.keepAlive,
    requestTimeout: timeouts.request,
    clientErrorHandler: answerClientError,
    serverFactory: (handler) =>
      server.on('request', (request, response) => {
        connections.begin(request.socket, response)
        if (!listener(request, response)) handler(request, response)
      })
  })
  if (reservations !== undefined) streamReservations(app, reservations, { key: () => key, isEnding: () => draining })
  answerUnknownRoutes(app, 'POST /mutate or POST /validate')
  // Without it, a connection with a review under way would be kept alive after the answer, and closing would wait for it.
  app.addHook('preClose', async () => {
    draining = true
    reservations?.end()
  })
  return {
    app,
    setPair(next) {
      // setSecureContext accepts an empty certificate as none, and then no client can connect: check both first.
      new X509Certificate(next.cert)
      createPrivateKey(next.key)
      server.setSecureContext({ ...next, minVersion: 'TLSv1.2' })
      generation++
      // A reader that came with the old key has to come again with the new one.
      if (key !== next.key) reservations?.end()
      key = next.key
    },
    drain() {
      draining = true
      reservations?.end()
    }
  }
}

/** Reads the token from the header alone: an address may be written to a log on its way. */
function streamReservations(
  app: FastifyInstance,
  feed: ReservationFeed,
  { key, isEnding }: { key(): string; isEnding(): boolean }
): void {
  app.get('/reservations', { exposeHeadRoute: false }, (request, reply) => {
    const refuse = (status: number, message: string) =>
      reply.code(status).type('application/json').send(renderStatus(status, message))
    if (!isAuthorized(request.headers.authorization, key()))
      return refuse(401, 'authorization: expected the token of the serving key, found another or none')
    if (isEnding()) return refuse(503, 'reservations: the server ends')
    if (feed.isFull) return refuse(503, `reservations: expected at most ${mostReaders} readers, found one more`)
    reply.hijack()
    return feed.open(reply.raw)
  })
}

/**
 * No route has a schema: with compilers of its own Fastify does not load the ones for JSON Schema, which take half as
 * long as all of itself.
 */
const withoutSchemas = {
  schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } }
} as const

function noSchemas(): never {
  throw new Error('expected no route with a schema')
}

/** Connections at once to probes and metrics: a kubelet, and some Prometheus servers. Own choice. */
const probeConnections = 100

export interface ProbeDeps {
  /** Why the process is not ready, in words; empty when ready. */
  unready(): readonly string[]
  metrics(): Promise<{ contentType: string; text: string }>
}

/** The HTTP server of probes and metrics; does not listen yet. */
export function buildProbeServer(deps: ProbeDeps): FastifyInstance {
  const app = fastify({
    ...withoutSchemas,
    logger: false,
    forceCloseConnections: true,
    requestTimeout,
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval: defaultTimeouts.check }
  })
  limitConnections(app.server, probeConnections)
  app.get('/livez', async () => 'ok\n')
  app.get('/readyz', async (_request, reply) => {
    const reasons = deps.unready()
    return reasons.length === 0
      ? 'ok\n'
      : reply.code(503).send(`${reasons.map((reason) => `not ready: ${reason}`).join('\n')}\n`)
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await deps.metrics()
    return reply.header('content-type', contentType).send(text)
  })
  answerUnknownRoutes(app, 'GET /livez, /readyz or /metrics')
  return app
}

function answerUnknownRoutes(app: FastifyInstance, expected: string): void {
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .type('application/json')
      .send(renderStatus(404, `expected ${expected}, found ${request.method} ${request.url.slice(0, 200)}`))
  )
}
