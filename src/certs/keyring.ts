import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import type { HeldSecret } from '../ports/certificates.ts'
import type { Issued } from './issue.ts'

/** The keys and certificates of an installation that makes its own. */
export interface Keyring {
  /** Signs leaves. */
  readonly authority: Issued
  readonly leaf: Issued
  /** Published in caBundle before it signs its first leaf. */
  readonly next: Issued | undefined
  /** The authority of leaves that some replica may still serve; its key is gone. PEM. */
  readonly previous: string | undefined
}

/** Marks the Secret that pidguard made and may renew. A Secret without it is only read. */
export const managedMark = { name: 'pidguard.io/certificates', value: 'self-managed' } as const

/** Digest of what we wrote. Needed because `kubectl apply` of a foreign pair keeps our mark; if the digest differs, the pair is not ours. */
const writtenMark = 'pidguard.io/certificates-written'

/** The annotations of our Secret when it holds `data`. */
export function marksOf(data: Readonly<Record<string, string>>): Record<string, string> {
  return { [managedMark.name]: managedMark.value, [writtenMark]: fingerprintOf(data) }
}

/**
 * Whether we may write the Secret: we made it, and it still holds what we wrote. cert-manager takes a Secret over and leaves
 * our annotations on it; so does a person who merges another pair into it.
 */
export function isOurs({ annotations, data }: Pick<HeldSecret, 'annotations' | 'data'>): boolean {
  if (Object.keys(annotations).some((name) => name.startsWith('cert-manager.io/'))) return false
  if (annotations[managedMark.name] !== managedMark.value) return false
  const written = annotations[writtenMark]
  return written === undefined || written === fingerprintOf(data)
}

/** A digest of the certificates, which are public. Their keys have to fit them, so they need no digest. */
function fingerprintOf(data: Readonly<Record<string, string>>): string {
  const certificates = [data['tls.crt'], data['ca.crt']].map((text) => text?.trim() ?? '')
  return createHash('sha256').update(JSON.stringify(certificates)).digest('hex')
}

/** undefined when a part is missing or unreadable: then the whole keyring is made again. */
export function keyringOf(data: Readonly<Record<string, string>>): Keyring | undefined {
  const authority = issuedOf(data['ca.crt'], data['ca.key'])
  const leaf = issuedOf(data['tls.crt'], data['tls.key'])
  if (authority === undefined || leaf === undefined || !maySign(authority)) return undefined
  const previous = data['previous-ca.crt']
  return {
    authority,
    leaf,
    next: issuedOf(data['next-ca.crt'], data['next-ca.key']),
    previous: previous !== undefined && isReadable(previous) ? previous : undefined
  }
}

/** As a kubernetes.io/tls Secret holds it. */
export function dataOf({ authority, leaf, next, previous }: Keyring): Record<string, string> {
  return {
    'tls.crt': leaf.cert,
    'tls.key': leaf.key,
    'ca.crt': authority.cert,
    'ca.key': authority.key,
    ...(next === undefined ? undefined : { 'next-ca.crt': next.cert, 'next-ca.key': next.key }),
    ...(previous === undefined ? undefined : { 'previous-ca.crt': previous })
  }
}

/** The content of caBundle: every authority whose leaves some replica serves, now or soon. */
export function trustedBy({ authority, next, previous }: Keyring): string {
  return authority.cert + (next?.cert ?? '') + (previous ?? '')
}

/** All authorities of a Secret, ours or that of others: two while one replaces the other. Empty where it holds none. */
export function authoritiesIn(data: Readonly<Record<string, string>>): string {
  return ['ca.crt', 'next-ca.crt', 'previous-ca.crt'].map((name) => data[name]?.trim() ?? '').join('\n')
}

function issuedOf(cert: string | undefined, key: string | undefined): Issued | undefined {
  if (cert === undefined || key === undefined || !isReadable(cert)) return undefined
  return { cert, key }
}

/** Whether the key belongs to the authority. The API server trusts no leaf that another key signed. */
function maySign({ cert, key }: Issued): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

function isReadable(cert: string): boolean {
  try {
    return new X509Certificate(cert).subject !== ''
  } catch {
    return false
  }
}
