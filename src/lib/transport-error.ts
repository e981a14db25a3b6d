import { isRecord } from './json/shape.ts'

/** OpenSSL's verdicts on a certificate as Node spells them, and what its own name check throws. */
const tlsCodes = /^(CERT_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY|DECODE)_)/

/** The TLS handshake failed, as opposed to no answer at all. */
export function isTlsFailure(cause: unknown): boolean {
  return tlsCodes.test(codeOf(cause))
}

export function codeOf(cause: unknown): string {
  if (!isRecord(cause) && !(cause instanceof Error)) return ''
  const { code } = cause as { code?: unknown }
  if (typeof code === 'string') return code
  return cause instanceof Error && cause.cause !== undefined ? codeOf(cause.cause) : ''
}

export function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.message || codeOf(cause) || cause.name
}
