import { pipeline, type Readable } from 'node:stream'
import { createSecureContext } from 'node:tls'
import { createGunzip } from 'node:zlib'
import { Agent, type Dispatcher, request } from 'undici'
import { codeOf, isTlsFailure, messageOf } from '../../lib/transport-error.ts'
import type { Bytes, Millis } from '../../lib/units.ts'
import { withoutUndefined } from '../../lib/without-undefined.ts'
import type { ReadingFailure, ReadingFailureReason } from '../../model/node-reading.ts'
import type { CallCredentials, CallCredentialsSource } from '../../ports/credentials.ts'
import type { Clock } from '../../ports/runtime.ts'
import { MalformedText } from './malformed-text.ts'

/** Takes a body as it streams in; `end` says what was found. */
export interface TextReader<T> {
  push(chunk: Buffer): void
  end(): T
}

/** What was found, and when it was true, by our own clock. */
export interface Sampled<T> {
  readonly value: T
  readonly at: Millis
}

export class KubeletFailure implements ReadingFailure {
  readonly reason: ReadingFailureReason
  readonly detail: string
  /** No answer came at all: a second question would wait for as long. */
  readonly isTransport: boolean

  constructor(reason: ReadingFailureReason, detail: string, isTransport = false) {
    this.reason = reason
    this.detail = detail
    this.isTransport = isTransport
  }
}

export interface KubeletClientOptions {
  readonly credentials: CallCredentialsSource
  readonly ca: (() => Promise<string>) | undefined
  readonly insecure: boolean
  readonly bodyLimit: Bytes
  readonly clock: Clock
}

/** Credentials are looked at again after this long; a fleet is not worth a file read per node. */
const credentialsAge: Millis = 5_000
/** A node that cannot be reached should not hold its slot for the whole timeout. */
const connectTimeout: Millis = 3_000
/** Just long enough for the second question: idle connections to a whole fleet would be thousands of sockets. */
const keepAlive: Millis = 1_000

class TooLargeError extends Error {}

/** GETs from kubelets over TLS: one connection per node, used for both questions and let go. */
export class KubeletClient {
  readonly #options: KubeletClientOptions
  #held: { readonly access: CallCredentials; readonly at: Millis } | undefined
  #agent: { readonly agent: Agent; readonly key: string } | undefined

  constructor(options: KubeletClientOptions) {
    this.#options = options
  }

  /** Never throws: what goes wrong with one node is an answer about that node. `isLast`: nothing more to ask there now. */
  async read<T extends { readonly sampledAt: Millis | undefined } | undefined>(
    url: string,
    reader: TextReader<T>,
    signal: AbortSignal,
    isLast = false
  ): Promise<Sampled<T> | KubeletFailure> {
    try {
      let answer = await this.#get(url, signal, isLast)
      if (answer.statusCode === 401) {
        // The token may have been rotated: read it again, and ask once more.
        await answer.body.dump()
        this.#held = undefined
        this.#options.credentials.renew()
        answer = await this.#get(url, signal, isLast)
      }
      const receivedAt = this.#options.clock.now()
      if (answer.statusCode !== 200) return await refusal(url, answer)
      await drain(answer, reader, this.#options.bodyLimit)
      const value = reader.end()
      return { value, at: receivedAt - ageOf(value?.sampledAt, answer.headers['date']) }
    } catch (cause) {
      return failureOf(url, cause)
    }
  }

  async close(): Promise<void> {
    await this.#agent?.agent.destroy()
    this.#agent = undefined
  }

  async #get(url: string, signal: AbortSignal, isLast: boolean): Promise<Dispatcher.ResponseData> {
    const access = await this.#access()
    return request(url, {
      dispatcher: this.#agentFor(access),
      headers: { ...access.headers, 'accept-encoding': 'gzip', 'user-agent': 'pidguard' },
      signal,
      // The connection goes with the last answer, so open sockets are no more than nodes being read.
      reset: isLast
    })
  }

  async #access(): Promise<CallCredentials> {
    const { credentials, ca, clock, insecure } = this.#options
    if (this.#held !== undefined && clock.monotonic() - this.#held.at < credentialsAge) return this.#held.access
    const [access, bundle] = await Promise.all([credentials.next(), ca?.()])
    const tls = { ...access.tls, ca: bundle ?? access.tls.ca, rejectUnauthorized: !insecure, servername: undefined }
    this.#held = { access: { headers: access.headers, tls }, at: clock.monotonic() }
    return this.#held.access
  }

  #agentFor({ tls }: CallCredentials): Agent {
    const key = JSON.stringify(tls)
    if (this.#agent?.key === key) return this.#agent.agent
    const { ca, cert, key: privateKey, rejectUnauthorized } = tls
    // Once, not for each of thousands of connections: it reads the whole bundle, which took a fifth of what a node costs us.
    const secureContext = createSecureContext(withoutUndefined({ ca, cert, key: privateKey }))
    // Only now: a bundle that cannot be read has thrown, and the one before it may come back.
    this.#agent?.agent.close().catch(() => {})
    const agent = new Agent({
      allowH2: false,
      connections: 1,
      keepAliveTimeout: keepAlive,
      keepAliveMaxTimeout: keepAlive,
      connect: { timeout: connectTimeout, secureContext, rejectUnauthorized }
    })
    this.#agent = { agent, key }
    return agent
  }
}

async function drain<T>(answer: Dispatcher.ResponseData, reader: TextReader<T>, limit: Bytes): Promise<void> {
  let bytes = 0
  const stream = plain(answer)
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > limit) {
      stream.destroy()
      throw new TooLargeError(`more than ${limit} bytes`)
    }
    reader.push(chunk)
  }
}

function plain(answer: Dispatcher.ResponseData): Readable {
  if (answer.headers['content-encoding'] !== 'gzip') return answer.body
  // Errors of either side end the other, and surface where the result is read.
  return pipeline(answer.body, createGunzip(), () => {})
}

/** How old a figure was when the node answered. Both instants are the node's own, so its clock may be wrong. */
function ageOf(sampledAt: Millis | undefined, date: string | string[] | undefined): Millis {
  const answeredAt = typeof date === 'string' ? Date.parse(date) : Number.NaN
  if (sampledAt === undefined || Number.isNaN(answeredAt)) return 0
  return Math.max(0, answeredAt - sampledAt)
}

async function refusal(url: string, answer: Dispatcher.ResponseData): Promise<KubeletFailure> {
  const { statusCode } = answer
  await answer.body.dump()
  if (statusCode === 401) return new KubeletFailure('unauthorized', `${url}: HTTP 401, the kubelet knows no such token`)
  if (statusCode === 403) {
    return new KubeletFailure('forbidden', `${url}: HTTP 403, get on nodes/stats and nodes/metrics is needed`)
  }
  return new KubeletFailure('http-error', `${url}: HTTP ${statusCode}`)
}

function failureOf(url: string, cause: unknown): KubeletFailure {
  const code = codeOf(cause)
  const message = messageOf(cause)
  const origin = new URL(url).origin
  if (cause instanceof TooLargeError) return new KubeletFailure('too-large', `${url}: ${message}`)
  if (isTlsFailure(cause)) {
    const detail = `${origin}: the certificate is not trusted (${code}); give its authority (--kubelet-ca), or skip the check (--kubelet-insecure)`
    return new KubeletFailure('tls', detail, true)
  }
  const name = cause instanceof Error ? cause.name : ''
  if (name === 'TimeoutError' || name === 'AbortError' || code.endsWith('_TIMEOUT') || code === 'ETIMEDOUT') {
    return new KubeletFailure('timeout', `${url}: no answer in time`, true)
  }
  if (code.startsWith('Z_') || cause instanceof MalformedText) {
    return new KubeletFailure('malformed', `${url}: ${message}`)
  }
  return new KubeletFailure('unreachable', `${origin}: ${message}`, true)
}
