import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import type { HeldSecret } from '../ports/certificates.ts'
import type { Issued } from './issue.ts'

/** Everything that a self-managed installation has to keep. */
export interface Keyring {
  /** Signs leaves. */
  readonly authority: Issued
  readonly leaf: Issued
  /** Published in caBundle before it signs its first leaf. */
  readonly next: Issued | undefined
  /** The authority of leaves that some replica may still serve; its key is gone. PEM. */
  readonly previous: string | undefined
}

/** On the Secret that pidguard made and may renew. One without it belongs to somebody else and is only read. */
export const managedMark = { name: 'pidguard.io/certificates', value: 'self-managed' } as const

/** Beside it: which certificates were written. `kubectl apply` of a person's pair leaves the mark where it was. */
const writtenMark = 'pidguard.io/certificates-written'

/** The annotations of a Secret of ours that holds `data`. */
export function marksOf(data: Readonly<Record<string, string>>): Record<string, string> {
  return { [managedMark.name]: managedMark.value, [writtenMark]: fingerprintOf(data) }
}

/**
 * Whether the Secret is ours to write: we made it, and what it holds is what we wrote. cert-manager takes a Secret over
 * with all its annotations on it, and so does a person whose certificates are merged into it.
 */
export function isOurs({ annotations, data }: Pick<HeldSecret, 'annotations' | 'data'>): boolean {
  if (Object.keys(annotations).some((name) => name.startsWith('cert-manager.io/'))) return false
  if (annotations[managedMark.name] !== managedMark.value) return false
  const written = annotations[writtenMark]
  return written === undefined || written === fingerprintOf(data)
}

/** Of the certificates, which are public; their keys have to fit them. */
function fingerprintOf(data: Readonly<Record<string, string>>): string {
  const certificates = [data['tls.crt'], data['ca.crt']].map((text) => text?.trim() ?? '')
  return createHash('sha256').update(JSON.stringify(certificates)).digest('hex')
}

/** undefined when anything is missing or unreadable: such a ring is made anew as a whole. */
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

/** What belongs into caBundle: whoever may have signed what a replica serves, now or soon. */
export function trustedBy({ authority, next, previous }: Keyring): string {
  return authority.cert + (next?.cert ?? '') + (previous ?? '')
}

function issuedOf(cert: string | undefined, key: string | undefined): Issued | undefined {
  if (cert === undefined || key === undefined || !isReadable(cert)) return undefined
  return { cert, key }
}

/** Leaves signed with the key of another authority would be trusted by nobody. */
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
