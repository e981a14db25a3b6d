import { createPrivateKey, X509Certificate } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { Millis } from '../lib/units.ts'

/** A serving certificate (with its chain, if any) and its key, PEM, known to belong together. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
  readonly expiresAt: Millis
  /** Of a Secret: the authorities that its certificates are signed by, PEM, as far as it holds them. */
  readonly authorities?: string
}

/** Reads a pair. Throws ERR_CERTIFICATE, which names the file, when one is not PEM or the two do not belong together. */
export function readPair(cert: string, key: string): CertificatePair {
  const leaf = parsed('tls.crt', 'a PEM certificate', () => new X509Certificate(cert))
  const privateKey = parsed('tls.key', 'a PEM private key', () => createPrivateKey(key))
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new AppError(
      'ERR_CERTIFICATE',
      'tls.key: expected the private key of tls.crt, found the key of another certificate'
    )
  }
  return { cert, key, expiresAt: leaf.validToDate.getTime() }
}

function parsed<T>(file: string, expected: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw new AppError('ERR_CERTIFICATE', `${file}: expected ${expected}, found something else`, { cause })
  }
}

/**
 * Whether a pair is due to be replaced: two thirds of its life are over, or it is not valid for one of the names.
 * A certificate that cannot be read is due as well.
 */
export function needsRenewal(cert: string, names: readonly string[], at: Millis): boolean {
  let leaf: X509Certificate
  try {
    leaf = new X509Certificate(cert)
  } catch {
    return true
  }
  const from = leaf.validFromDate.getTime()
  const until = leaf.validToDate.getTime()
  if (at < from || at >= from + ((until - from) * 2) / 3) return true
  return !names.every((name) => isValidFor(leaf, name))
}

/** Whether certificate and key belong together and the certificate is valid for all the names. */
export function isPairFor({ cert, key }: { cert: string; key: string }, names: readonly string[]): boolean {
  try {
    readPair(cert, key)
  } catch {
    return false
  }
  const leaf = new X509Certificate(cert)
  return names.every((name) => isValidFor(leaf, name))
}

/** As the API server checks it: by subjectAltName alone (Go ignores the common name since 1.15). */
function isValidFor(leaf: X509Certificate, name: string): boolean {
  const isAddress = name.includes(':') || /^[\d.]+$/.test(name)
  return (isAddress ? leaf.checkIP(name) : leaf.checkHost(name, { subject: 'never' })) !== undefined
}
