import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../errors.ts'
import { batchPerTurn, onePerTurn } from '../lib/async/batch-per-turn.ts'
import { memoized } from '../lib/memoize.ts'
import type { Bytes, Millis } from '../lib/units.ts'
import type { Webhook } from '../model/review-outcome.ts'
import type { Clock, Log, Meter } from '../ports/runtime.ts'
import type { Admission } from './admission.ts'
import { type Answer, reporting } from './answer.ts'
import { Bodies, type Body, gather, largeBodiesLimit } from './bodies.ts'
import { roundedMillis } from './review-log-line.ts'
import { renderStatus } from './status.ts'

/**
 * Bytes. An AdmissionReview holds at most two copies of the object (new and old), each under the API server's 3 MiB
 * request limit (apiserver pkg/server/config.go MaxRequestBodyBytes), plus options and user: 7 MiB as controller-runtime
 * derives it (pkg/webhook/admission/http.go), rounded up.
 */
export const reviewBodyLimit: Bytes = 8 * 1024 * 1024

/** The API server's default timeout (admissionregistration/v1 types.go timeoutSeconds). */
const defaultTimeout: Millis = 10_000

/** How long a finished answer may wait for other reviews of its turn. Own choice: below what a caller notices. */
const longestHold: Millis = 1

/**
 * Bytes. A larger review has a turn of the event loop of its own, since it may take tens of milliseconds: small ones wait for one
 * such at most. Ten times what reviews usually have. Own choice.
 */
const largestTogether: Bytes = 128 * 1024

const routes: Readonly<Record<string, Webhook>> = { '/mutate': 'mutate', '/validate': 'validate' }

export interface ListenerDeps {
  readonly admission: Admission
  readonly clock: Clock
  /** For reviews that came too late to be checked; the admission logs and counts all others. */
  readonly log: Pick<Log, 'warn' | 'error'>
  readonly meter: Pick<Meter, 'countReview'>
  /** Bytes of large bodies at once; for tests. */
  readonly largeBodies?: Bytes
  /** Whether this request is the last of its connection: the server drains, or has a newer certificate. */
  isLast(request: IncomingMessage): boolean
}

/**
 * Serves the two admission routes straight from the server's request event and returns whether the request was one of
 * them. All other requests go to Fastify. The detour costs one function; a Fastify route costs a quarter of a review
 * (bench/README.md), which is why the hot path does not take it.
 */
export function buildListener(deps: ListenerDeps): (request: IncomingMessage, response: ServerResponse) => boolean {
  const bodies = new Bodies(deps.largeBodies)
  const together = batchPerTurn<Received>((reviews) => answerAll(deps, bodies, reviews))
  const alone = onePerTurn<Received>((review) => answerAll(deps, bodies, [review]))
  const { clock } = deps
  return (request, response) => {
    const { webhook, timeout } = callOf(request.url ?? '')
    if (webhook === undefined) return false
    const refusal = refusalOf(request)
    if (refusal === undefined) {
      const askedAt = clock.monotonic()
      // Now: a socket that was closed meanwhile no longer knows it.
      const caller = request.socket.remoteAddress ?? ''
      collect(bodies, request, response, (bytes, body) => {
        const take = bytes.length > largestTogether ? alone : together
        take({ webhook, askedAt, timeout, arrivedAt: clock.monotonic(), bytes, body, request, response, caller })
      })
    } else {
      refuse(request, response, refusal)
    }
    return true
  }
}

interface Call {
  /** undefined: the path is none of the admission routes. */
  readonly webhook: Webhook | undefined
  readonly timeout: Millis
}

/** What a URL asks for. An API server has one URL for each webhook, so it is read once. */
const callOf = memoized((url): Call => {
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  return {
    webhook: Object.hasOwn(routes, path) ? routes[path] : undefined,
    timeout: query < 0 ? defaultTimeout : timeoutOf(url.slice(query + 1))
  }
})

/** Passes on the body when it is complete, unless it had to give up before (see `Bodies`). */
function collect(
  bodies: Bodies,
  request: IncomingMessage,
  response: ServerResponse,
  take: (bytes: Buffer, body: Body) => void
): void {
  const length = Number(request.headers['content-length'] ?? 0)
  const body: Body = {
    length,
    giveUp: () => refuse(request, response, tooManyBodies)
  }
  bodies.begin(body)
  if (response.headersSent) return
  gather(request, length, (bytes) => {
    if (response.headersSent) return
    bodies.complete(body)
    take(bytes, body)
  })
  // A connection that breaks needs no answer; without a listener it would end the process.
  request.on('error', () => bodies.lose(body))
}

/**
 * Answers before the body is read. No more of it is: each chunk would cost time, and whoever sends it need not stop. The
 * connection ends with the answer.
 */
function refuse({ socket }: IncomingMessage, response: ServerResponse, { info, message }: AppError): void {
  socket.pause()
  response.on('finish', () => socket.destroySoon())
  reply(response, info.status, renderStatus(info.status, `${message}. ${info.hint}`), true)
}

const tooManyBodies = new AppError(
  'ERR_TOO_MANY_BODIES',
  `bodies: expected at most ${largeBodiesLimit} bytes under way, found more`
)

/** A review with its complete body. Instants are by the monotonic clock. */
interface Received {
  readonly webhook: Webhook
  /** When its headers had arrived. */
  readonly askedAt: Millis
  /** How long its caller waits from then on. */
  readonly timeout: Millis
  /** When its body was complete. */
  readonly arrivedAt: Millis
  readonly bytes: Buffer
  readonly body: Body
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Its address; empty: the connection had gone before it could be asked. */
  readonly caller: string
}

interface Answered {
  readonly review: Received
  readonly answer: Answer
  readonly isLate: boolean
}

/**
 * Batches the three steps over all reviews of one event-loop turn: check all, send all, then count and log all. About
 * 25 % cheaper per Pod than one by one (bench/README.md). Reviews are checked in the order of arrival, so that the room
 * one takes is gone for the next.
 */
function answerAll(deps: ListenerDeps, bodies: Bodies, reviews: readonly Received[]): void {
  let answered: Answered[] = []
  let since = deps.clock.monotonic()
  for (const review of reviews) {
    const now = deps.clock.monotonic()
    if (now - since > longestHold) {
      send(deps, bodies, answered)
      answered = []
      since = now
    }
    const isLate = now - review.askedAt > review.timeout
    const { webhook, bytes, arrivedAt, caller } = review
    const answer = isLate ? late(deps, review, now) : deps.admission(webhook, bytes, arrivedAt, caller)
    answered.push({ review, answer, isLate })
  }
  send(deps, bodies, answered)
}

function send({ isLast }: ListenerDeps, bodies: Bodies, answered: readonly Answered[]): void {
  for (const { review, answer, isLate } of answered) {
    reply(review.response, answer.status, answer.body, isLate || isLast(review.request))
    bodies.end(review.body)
  }
  for (const { answer } of answered) answer.report()
}

/** Not checked: its caller no longer waits. In its log line `waitedMs` alone is long when the body was late, `durationMs` too when we were. */
function late({ log, meter }: ListenerDeps, review: Received, now: Millis): Answer {
  const { webhook, askedAt, timeout, arrivedAt } = review
  const report = reporting(log, () => {
    const [waitedMs, durationMs] = [roundedMillis(now - askedAt), roundedMillis(now - arrivedAt)]
    meter.countReview(webhook, 'late', (now - arrivedAt) / 1000)
    log.warn({ webhook, result: 'late', timeoutMs: timeout, waitedMs, durationMs }, 'review late, not checked')
  })
  return { status: 504, body: lateBody, report }
}

const lateBody = renderStatus(504, 'The review was not checked within its timeout; its failurePolicy decides.')

function refusalOf(request: IncomingMessage): AppError | undefined {
  if (request.method !== 'POST') return new AppError('ERR_METHOD', `method: expected POST, found ${request.method}`)
  const type = request.headers['content-type']
  if (type !== 'application/json' && !/^application\/json\s*(;|$)/i.test(type ?? '')) {
    return new AppError(
      'ERR_CONTENT_TYPE',
      `content-type: expected application/json, found ${type === undefined ? 'none' : JSON.stringify(type.slice(0, 80))}`
    )
  }
  // Each chunk costs time and memory of its own, however short; the API server sends a length always.
  if (request.headers['transfer-encoding'] !== undefined)
    return new AppError('ERR_LENGTH_REQUIRED', 'transfer-encoding: expected none, found one')
  const length = Number(request.headers['content-length'] ?? 0)
  if (length > reviewBodyLimit)
    return new AppError('ERR_BODY_TOO_LARGE', `body: expected at most ${reviewBodyLimit} bytes, found ${length}`)
  return undefined
}

/** The API server appends `timeout=5s`: how long it still waits, in whole seconds. */
function timeoutOf(query: string): Millis {
  const seconds = /(?:^|&)timeout=(\d{1,3})s(?:&|$)/.exec(query)?.[1]
  return seconds === undefined ? defaultTimeout : Number(seconds) * 1000
}

function reply(response: ServerResponse, status: number, body: string, close: boolean): void {
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body)
  }
  if (close) headers['connection'] = 'close'
  if (status === 405) headers['allow'] = 'POST'
  response.writeHead(status, headers)
  response.end(body)
}
