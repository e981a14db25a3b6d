import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../errors.ts'
import { memoized } from '../model/memo.ts'
import type { Bytes, Millis } from '../model/units.ts'
import type { Clock, Webhook } from '../ports.ts'
import type { Admission } from './admission.ts'
import { renderStatus } from './status.ts'

/**
 * Bytes. An AdmissionReview holds at most two copies of the object (new and old), each under the API server's 3 MiB
 * request limit (apiserver pkg/server/config.go MaxRequestBodyBytes), plus options and user: 7 MiB as controller-runtime
 * derives it (pkg/webhook/admission/http.go), rounded up.
 */
export const reviewBodyLimit: Bytes = 8 * 1024 * 1024

/** The API server waits 10 s where nobody says otherwise (admissionregistration/v1 types.go timeoutSeconds). */
const defaultTimeout: Millis = 10_000

const routes: Readonly<Record<string, Webhook>> = { '/mutate': 'mutate', '/validate': 'validate' }

export interface ListenerDeps {
  readonly admission: Admission
  readonly clock: Clock
  /** Whether this request shall be the last of its connection: the server drains, or has a newer certificate. */
  isLast(request: IncomingMessage): boolean
}

/**
 * Serves the two admission routes straight from the server's request event and tells whether the request was one of
 * them. Everything else goes to Fastify. The detour costs one function; a Fastify route costs a quarter of a review
 * (bench/README.md), which is why the hot path does not take it.
 */
export function buildListener(deps: ListenerDeps): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const call = callOf(request.url ?? '')
    if (call.webhook === undefined) return false
    serve(deps, call.webhook, call.timeout, request, response)
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

function serve(
  deps: ListenerDeps,
  webhook: Webhook,
  timeout: Millis,
  request: IncomingMessage,
  response: ServerResponse
): void {
  const refusal = refusalOf(request)
  if (refusal !== undefined) {
    // The body is not read: closing is the only way to be rid of it.
    reply(
      response,
      refusal.info.status,
      renderStatus(refusal.info.status, `${refusal.message}. ${refusal.info.hint}`),
      true
    )
    return
  }
  const arrivedAt = deps.clock.monotonic()
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
    if (response.headersSent) return
    if (deps.clock.monotonic() - arrivedAt > timeout) {
      reply(
        response,
        504,
        renderStatus(504, 'The review was not complete within its timeout; its failurePolicy decides.'),
        true
      )
      return
    }
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)
    const answer = deps.admission(webhook, body)
    reply(response, answer.status, answer.body, deps.isLast(request))
  })
  // A connection that breaks needs no answer; without a listener it would end the process.
  request.on('error', () => {
    chunks.length = 0
  })
}

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
