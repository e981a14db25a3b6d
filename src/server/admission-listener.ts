import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../errors.ts'
import { atTurnEnd } from '../lib/batch-per-turn.ts'
import { memoized } from '../lib/memoize.ts'
import type { Bytes, Millis } from '../lib/units.ts'
import type { Webhook } from '../model/review-outcome.ts'
import type { Clock, Log, Meter } from '../ports/runtime.ts'
import type { Admission } from './admission.ts'
import { type Answer, reporting } from './answer.ts'
import { roundedMillis } from './review-log-line.ts'
import { renderStatus } from './status.ts'

/**
 * Bytes. An AdmissionReview holds at most two copies of the object (new and old), each under the API server's 3 MiB
 * request limit (apiserver pkg/server/config.go MaxRequestBodyBytes), plus options and user: 7 MiB as controller-runtime
 * derives it (pkg/webhook/admission/http.go), rounded up.
 */
export const reviewBodyLimit: Bytes = 8 * 1024 * 1024

/** The API server waits 10 s where nobody says otherwise (admissionregistration/v1 types.go timeoutSeconds). */
const defaultTimeout: Millis = 10_000

/** How old an answer may be before one more review of its turn is judged. Own choice: less than anybody notices. */
const longestHold: Millis = 1

const routes: Readonly<Record<string, Webhook>> = { '/mutate': 'mutate', '/validate': 'validate' }

export interface ListenerDeps {
  readonly admission: Admission
  readonly clock: Clock
  /** Told of reviews that came too late to be judged; of all others the admission tells. */
  readonly log: Pick<Log, 'warn' | 'error'>
  readonly meter: Pick<Meter, 'countReview'>
  /** Whether this request shall be the last of its connection: the server drains, or has a newer certificate. */
  isLast(request: IncomingMessage): boolean
}

/**
 * Serves the two admission routes straight from the server's request event and tells whether the request was one of
 * them. Everything else goes to Fastify. The detour costs one function; a Fastify route costs a quarter of a review
 * (bench/README.md), which is why the hot path does not take it.
 */
export function buildListener(deps: ListenerDeps): (request: IncomingMessage, response: ServerResponse) => boolean {
  const received = atTurnEnd<Received>((reviews) => answerAll(deps, reviews))
  const { clock } = deps
  return (request, response) => {
    const { webhook, timeout } = callOf(request.url ?? '')
    if (webhook === undefined) return false
    const refusal = refusalOf(request)
    if (refusal === undefined) {
      const askedAt = clock.monotonic()
      collect(request, response, (body) =>
        received({ webhook, askedAt, timeout, arrivedAt: clock.monotonic(), body, request, response })
      )
    } else {
      const { status, hint } = refusal.info
      // The body is not read: closing is the only way to be rid of it.
      reply(response, status, renderStatus(status, `${refusal.message}. ${hint}`), true)
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

/** Takes the body when it is whole; one past the limit is refused at once. */
function collect(request: IncomingMessage, response: ServerResponse, take: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  let size: Bytes = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= reviewBodyLimit) {
      chunks.push(chunk)
    } else if (!response.headersSent) {
      chunks.length = 0
      reply(response, 413, renderStatus(413, tooLarge), true)
    }
  })
  request.on('end', () => {
    if (!response.headersSent) take(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size))
  })
  // A connection that breaks needs no answer; without a listener it would end the process.
  request.on('error', () => {
    chunks.length = 0
  })
}

/** A review that came whole. Instants are by the monotonic clock. */
interface Received {
  readonly webhook: Webhook
  /** When its headers were there. */
  readonly askedAt: Millis
  /** How long its caller waits from then on. */
  readonly timeout: Millis
  /** When its body was whole. */
  readonly arrivedAt: Millis
  readonly body: Buffer
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface Answered {
  readonly review: Received
  readonly answer: Answer
  readonly isLate: boolean
}

/**
 * First all reviews of a turn are judged, then all answers sent, then all of them counted and logged: a caller is woken
 * once for many answers, and each step finds its code in the processor's caches. Answering one after the other costs a
 * Pod a quarter more (bench/README.md). Judging in the order of arrival keeps what one review takes from the next.
 */
function answerAll(deps: ListenerDeps, reviews: readonly Received[]): void {
  let answered: Answered[] = []
  let since = deps.clock.monotonic()
  for (const review of reviews) {
    const now = deps.clock.monotonic()
    if (now - since > longestHold) {
      send(deps, answered)
      answered = []
      since = now
    }
    const isLate = now - review.askedAt > review.timeout
    const answer = isLate ? late(deps, review, now) : deps.admission(review.webhook, review.body, review.arrivedAt)
    answered.push({ review, answer, isLate })
  }
  send(deps, answered)
}

function send({ isLast }: ListenerDeps, answered: readonly Answered[]): void {
  for (const { review, answer, isLate } of answered)
    reply(review.response, answer.status, answer.body, isLate || isLast(review.request))
  for (const { answer } of answered) answer.report()
}

/** Not judged: its caller waits no longer. Its line tells whether its body was late (`waitedMs` alone is long), or we were. */
function late({ log, meter }: ListenerDeps, review: Received, now: Millis): Answer {
  const { webhook, askedAt, timeout, arrivedAt } = review
  const report = reporting(log, () => {
    const [waitedMs, durationMs] = [roundedMillis(now - askedAt), roundedMillis(now - arrivedAt)]
    meter.countReview(webhook, 'late', (now - arrivedAt) / 1000)
    log.warn({ webhook, result: 'late', timeoutMs: timeout, waitedMs, durationMs }, 'review late, not judged')
  })
  return { status: 504, body: lateBody, report }
}

const lateBody = renderStatus(504, 'The review was not judged within its timeout; its failurePolicy decides.')

const tooLarge = `body: expected at most ${reviewBodyLimit} bytes, found more. The body is larger than any AdmissionReview can be.`

function refusalOf(request: IncomingMessage): AppError | undefined {
  if (request.method !== 'POST') return new AppError('ERR_METHOD', `method: expected POST, found ${request.method}`)
  const type = request.headers['content-type']
  if (type !== 'application/json' && !/^application\/json\s*(;|$)/i.test(type ?? '')) {
    return new AppError(
      'ERR_CONTENT_TYPE',
      `content-type: expected application/json, found ${type === undefined ? 'none' : JSON.stringify(type.slice(0, 80))}`
    )
  }
  const length = Number(request.headers['content-length'] ?? 0)
  if (length > reviewBodyLimit)
    return new AppError('ERR_BODY_TOO_LARGE', `body: expected at most ${reviewBodyLimit} bytes, found ${length}`)
  return undefined
}

/** The API server appends `timeout=5s`: what is left of its patience, in whole seconds. */
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
