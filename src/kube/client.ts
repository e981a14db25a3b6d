import type { Readable } from 'node:stream'
import { Agent, type Dispatcher, request } from 'undici'
import type { Millis } from '../lib/units.ts'
import { withoutUndefined } from '../lib/without-undefined.ts'
import type { TlsSettings } from '../ports/credentials.ts'
import type { Credentials } from './credentials.ts'
import { errorOfAnswer, KubeError } from './kube-error.ts'

export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Content type of the body; a PATCH has to name its kind. */
  readonly contentType?: string
  readonly signal?: AbortSignal
  /** The user to impersonate; our own needs the right to do so. */
  readonly asUser?: string
  /** The longest silence before the first byte and between two of them. */
  readonly silence?: Millis
}

/** Calls of the API server. */
export interface KubeApi {
  /** An answer with a status below 300, as a stream; the caller reads it to its end or destroys it. Throws KubeError. */
  open(path: string, options?: CallOptions): Promise<Readable>
  /** A whole JSON answer. Throws KubeError. */
  call<T>(path: string, options?: CallOptions): Promise<T>
}

const defaultSilence: Millis = 30_000
const connectTimeout: Millis = 10_000

/**
 * Calls one API server over one pool of connections. client-node opens a connection for each request; here a new pool
 * replaces the old one only when certificates change, and streams on the old one go on to their end.
 * HTTP/1.1 on purpose: a watch that stalls must not hold up other calls on its connection.
 */
export class KubeClient implements KubeApi {
  readonly #credentials: Credentials
  #agent: Agent | undefined
  #tls: TlsSettings | undefined

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  get server(): string {
    return this.#credentials.server
  }

  get namespace(): string | undefined {
    return this.#credentials.namespace
  }

  async open(path: string, options: CallOptions = {}): Promise<Readable> {
    const answer = await this.#send(path, options)
    if (answer.statusCode !== 401) return settled(answer)
    // The token may have been rotated: forget it, and ask once more.
    await answer.body.dump()
    this.#credentials.renew()
    return settled(await this.#send(path, options))
  }

  async call<T>(path: string, options: CallOptions = {}): Promise<T> {
    const body = await this.open(path, options)
    const chunks: Buffer[] = []
    try {
      for await (const chunk of body) chunks.push(chunk)
    } catch (cause) {
      throw KubeError.ofTransport(cause)
    }
    const text = Buffer.concat(chunks).toString('utf8')
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      throw new KubeError('malformed', `${path}: the answer is not JSON`, { cause })
    }
  }

  async close(): Promise<void> {
    await this.#agent?.destroy()
    this.#agent = undefined
    this.#tls = undefined
  }

  async #send(path: string, options: CallOptions): Promise<Dispatcher.ResponseData> {
    const { headers, tls } = await this.#credentials.next()
    const silence = options.silence ?? defaultSilence
    try {
      return await request(urlOf(this.server, path, options.query), {
        dispatcher: this.#agentFor(tls),
        method: options.method ?? 'GET',
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': 'pidguard',
          ...(options.asUser === undefined ? undefined : { 'impersonate-user': options.asUser }),
          ...(options.body === undefined ? undefined : { 'content-type': options.contentType ?? 'application/json' })
        },
        body: options.body === undefined ? null : JSON.stringify(options.body),
        signal: options.signal ?? null,
        headersTimeout: silence,
        bodyTimeout: silence
      })
    } catch (cause) {
      const error = KubeError.ofTransport(cause)
      // The authority of the API server may be a new one: read the configuration again for the next call.
      if (error.failure === 'tls') this.#credentials.renew()
      throw error
    }
  }

  #agentFor(tls: TlsSettings): Agent {
    if (this.#agent !== undefined && this.#tls !== undefined && isSame(this.#tls, tls)) return this.#agent
    // close() waits for the answers under way; a watch ends by its own timeoutSeconds.
    this.#agent?.close().catch(() => {})
    this.#tls = tls
    this.#agent = new Agent({
      allowH2: false,
      keepAliveTimeout: 60_000,
      connect: { timeout: connectTimeout, ...withoutUndefined(tls) }
    })
    return this.#agent
  }
}

async function settled(answer: Dispatcher.ResponseData): Promise<Readable> {
  if (answer.statusCode < 300) return answer.body
  throw await errorOfAnswer(answer)
}

function urlOf(server: string, path: string, query: CallOptions['query']): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? server + path : `${server}${path}?${search.toString()}`
}

function isSame(a: TlsSettings, b: TlsSettings): boolean {
  return (
    a.ca === b.ca &&
    a.cert === b.cert &&
    a.key === b.key &&
    a.servername === b.servername &&
    a.rejectUnauthorized === b.rejectUnauthorized
  )
}
