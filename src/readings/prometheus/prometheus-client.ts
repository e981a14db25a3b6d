import { Agent, request } from 'undici'
import { isRecord } from '../../lib/json/shape.ts'
import { codeOf, isTlsFailure, messageOf } from '../../lib/transport-error.ts'
import type { Bytes, Millis } from '../../lib/units.ts'
import { withoutUndefined } from '../../lib/without-undefined.ts'
import type { ReadingFailure, ReadingFailureReason } from '../../model/node-reading.ts'
import type { CallCredentialsSource } from '../../ports/credentials.ts'

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** When Prometheus evaluated the query, by its own clock; not when the sample was taken. */
  readonly evaluatedAt: Millis
}

/** Why a query has no result. */
export class PrometheusFailure extends Error implements ReadingFailure {
  readonly reason: ReadingFailureReason

  constructor(reason: ReadingFailureReason, message: string) {
    super(message)
    this.reason = reason
  }

  get detail(): string {
    return this.message
  }
}

export interface PrometheusClientOptions {
  /** Where Prometheus serves, with its path prefix if it has one. */
  readonly url: string
  /** Credentials for Prometheus; undefined: none. */
  readonly credentials: CallCredentialsSource | undefined
  /** Of one query, and of one answer. */
  readonly timeout: Millis
  readonly bodyLimit: Bytes
  /** The moment that queries are about; undefined: now. */
  readonly evaluateAt?: Millis | undefined
}

/** Instant queries. */
export class PrometheusClient {
  readonly #options: PrometheusClientOptions
  #agent: { readonly agent: Agent; readonly key: string } | undefined

  constructor(options: PrometheusClientOptions) {
    this.#options = options
  }

  /** Throws PrometheusFailure. */
  async query(expression: string, stop: AbortSignal): Promise<readonly Series[]> {
    try {
      return await this.#ask(expression, AbortSignal.any([stop, AbortSignal.timeout(this.#options.timeout)]))
    } catch (cause) {
      throw cause instanceof PrometheusFailure ? cause : this.#failureOf(cause)
    }
  }

  async close(): Promise<void> {
    await this.#agent?.agent.destroy()
  }

  async #ask(expression: string, signal: AbortSignal): Promise<readonly Series[]> {
    const { url, credentials, bodyLimit, evaluateAt } = this.#options
    const time = evaluateAt === undefined ? undefined : { time: String(evaluateAt / 1000) }
    const access = await credentials?.next()
    const answer = await request(`${url.replace(/\/+$/, '')}/api/v1/query`, {
      dispatcher: this.#agentFor(access?.tls),
      method: 'POST',
      headers: { ...access?.headers, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({ query: expression, ...time }).toString(),
      signal
    })
    if (answer.statusCode === 401) credentials?.renew()
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of answer.body) {
      bytes += chunk.length
      if (bytes > bodyLimit)
        throw new PrometheusFailure('too-large', `${url}: an answer of more than ${bodyLimit} bytes`)
      chunks.push(chunk)
    }
    return this.#seriesOf(answer.statusCode, Buffer.concat(chunks, bytes).toString('utf8'))
  }

  #seriesOf(status: number, text: string): readonly Series[] {
    const { url } = this.#options
    const answer = parsed(text)
    if (status !== 200) {
      const said = isRecord(answer) && typeof answer['error'] === 'string' ? `: ${answer['error'].slice(0, 200)}` : ''
      throw new PrometheusFailure(reasonOfStatus(status), `${url}: HTTP ${status}${said}`)
    }
    const data = isRecord(answer) ? answer['data'] : undefined
    const result = isRecord(data) && data['resultType'] === 'vector' ? data['result'] : undefined
    if (!Array.isArray(result))
      throw new PrometheusFailure('malformed', `${url}: the answer is no vector of Prometheus`)
    return result.flatMap(seriesOf)
  }

  #agentFor(tls: object | undefined): Agent {
    const key = JSON.stringify(tls ?? {})
    if (this.#agent?.key === key) return this.#agent.agent
    this.#agent?.agent.close().catch(() => {})
    const agent = new Agent({ allowH2: false, connect: { timeout: 5_000, ...withoutUndefined(tls ?? {}) } })
    this.#agent = { agent, key }
    return agent
  }

  #failureOf(cause: unknown): PrometheusFailure {
    const { url } = this.#options
    const name = cause instanceof Error ? cause.name : ''
    if (isTlsFailure(cause)) return new PrometheusFailure('tls', `${url}: certificate not trusted (${codeOf(cause)})`)
    if (name === 'TimeoutError' || name === 'AbortError' || codeOf(cause).endsWith('_TIMEOUT')) {
      return new PrometheusFailure('timeout', `${url}: no answer in time`)
    }
    return new PrometheusFailure('unreachable', `${url}: ${messageOf(cause)}`)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reasonOfStatus(status: number): ReadingFailureReason {
  if (status === 401) return 'unauthorized'
  return status === 403 ? 'forbidden' : 'http-error'
}

function seriesOf(entry: unknown): Series[] {
  if (!isRecord(entry) || !isRecord(entry['metric']) || !Array.isArray(entry['value'])) return []
  const [seconds, text] = entry['value']
  const value = Number(text)
  if (typeof seconds !== 'number' || Number.isNaN(value)) return []
  return [{ labels: entry['metric'] as Series['labels'], value, evaluatedAt: seconds * 1000 }]
}
