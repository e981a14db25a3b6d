import type { Dispatcher } from 'undici'
import { isRecord } from '../lib/json/shape.ts'
import { codeOf, isTlsFailure, messageOf } from '../lib/transport-error.ts'
import type { Millis } from '../lib/units.ts'

/** What went wrong between us and the API server. A closed set, fit for metric labels. */
export type KubeFailure =
  | 'expired'
  | 'conflict'
  | 'not-found'
  | 'unauthorized'
  | 'forbidden'
  | 'throttled'
  | 'server-error'
  | 'refused'
  | 'unreachable'
  | 'tls'
  | 'silent'
  | 'aborted'
  | 'malformed'

/** Failures that may be over at the next try; the others stay. */
const passing: ReadonlySet<KubeFailure> = new Set(['throttled', 'server-error', 'silent', 'unreachable'])

/** Whether asking again may help. */
export function isPassing(failure: KubeFailure): boolean {
  return passing.has(failure)
}

export interface KubeErrorOptions extends ErrorOptions {
  readonly status?: number
  readonly retryAfter?: Millis | undefined
  readonly continueToken?: string | undefined
}

/** A call of the API server that failed. It never leaves the process: callers try again, or report it in words. */
export class KubeError extends Error {
  readonly failure: KubeFailure
  readonly status: number | undefined
  /** How long the server asked us to wait before the next try. */
  readonly retryAfter: Millis | undefined
  /** Of an expired list: continues it from the current state of its objects. */
  readonly continueToken: string | undefined

  constructor(failure: KubeFailure, message: string, options: KubeErrorOptions = {}) {
    super(message, options)
    this.name = 'KubeError'
    this.failure = failure
    this.status = options.status
    this.retryAfter = options.retryAfter
    this.continueToken = options.continueToken
  }

  /** From what the HTTP client threw. */
  static ofTransport(cause: unknown): KubeError {
    if (cause instanceof KubeError) return cause
    return new KubeError(transportFailureOf(cause), messageOf(cause), { cause })
  }

  /** From a Status object, as in the body of an error and in an ERROR event of a watch. */
  static ofStatus(status: unknown, code: number, retryAfter?: Millis): KubeError {
    const message = isRecord(status) && typeof status['message'] === 'string' ? status['message'] : `HTTP ${code}`
    return new KubeError(failureOfCode(code), message.slice(0, 500), {
      status: code,
      retryAfter,
      continueToken: continueTokenOf(status)
    })
  }
}

/** The error of an answer with status 300 or above; reads its body. */
export async function errorOfAnswer(answer: Dispatcher.ResponseData): Promise<KubeError> {
  const text = await answer.body.text().catch(() => '')
  let status: unknown
  try {
    status = JSON.parse(text)
  } catch {
    // A proxy in between speaks HTML.
  }
  return KubeError.ofStatus(status, answer.statusCode, retryAfterOf(answer.headers['retry-after']))
}

/** Retry-After in seconds, as Kubernetes sends it. */
function retryAfterOf(header: string | string[] | undefined): Millis | undefined {
  if (typeof header !== 'string' || !/^\d{1,4}$/.test(header)) return undefined
  return Number(header) * 1000
}

function continueTokenOf(status: unknown): string | undefined {
  const metadata = isRecord(status) && isRecord(status['metadata']) ? status['metadata'] : {}
  const token = metadata['continue']
  return typeof token === 'string' && token !== '' ? token : undefined
}

function failureOfCode(code: number): KubeFailure {
  switch (code) {
    case 401:
      return 'unauthorized'
    case 403:
      return 'forbidden'
    case 404:
      return 'not-found'
    case 409:
      return 'conflict'
    case 410:
      return 'expired'
    case 429:
      return 'throttled'
    default:
      return code >= 500 ? 'server-error' : 'refused'
  }
}

function transportFailureOf(cause: unknown): KubeFailure {
  const code = codeOf(cause)
  if (cause instanceof Error && cause.name === 'AbortError') return 'aborted'
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return 'silent'
  return isTlsFailure(cause) ? 'tls' : 'unreachable'
}
