import { X509Certificate } from 'node:crypto'
import type { Millis } from '../lib/units.ts'
import { type Issued, issueAuthority, issueLeaf } from './issue.ts'
import type { Keyring } from './keyring.ts'
import type { Step, Terms } from './plan-rotation.ts'

const day: Millis = 24 * 60 * 60_000

/** The ring after a step of `planRotation`. */
export async function takeStep(step: Step, ring: Keyring | undefined, terms: Terms, at: Millis): Promise<Keyring> {
  if (ring === undefined || step === 'start-over') return startOver(ring, terms, at)
  switch (step) {
    case 'issue-leaf':
      return { ...ring, leaf: await leafOf(ring.authority, terms, at) }
    case 'add-next':
      return { ...ring, next: await authorityOf(terms, at) }
    case 'promote-next': {
      const authority = ring.next ?? (await authorityOf(terms, at))
      const leaf = await leafOf(authority, terms, at)
      return { authority, leaf, next: undefined, previous: stillValid(ring.authority, at) }
    }
    case 'drop-previous':
      return { ...ring, previous: undefined }
    case 'nothing':
      return ring
  }
}

async function startOver(ring: Keyring | undefined, terms: Terms, at: Millis): Promise<Keyring> {
  const authority = await authorityOf(terms, at)
  const leaf = await leafOf(authority, terms, at)
  return { authority, leaf, next: undefined, previous: ring && stillValid(ring.authority, at) }
}

/** The certificate without its key; undefined when it has expired, because the API server accepts nothing that it signed. */
function stillValid({ cert }: Issued, at: Millis): string | undefined {
  return new X509Certificate(cert).validToDate.getTime() > at ? cert : undefined
}

/** The name holds the time of issue: the API server distinguishes two authorities of one bundle by name and key. */
function authorityOf({ authorityLife }: Terms, at: Millis): Promise<Issued> {
  return issueAuthority(`pidguard-ca-${Math.floor(at / 1000)}`, { from: at, days: authorityLife / day })
}

function leafOf(authority: Issued, { names, leafLife }: Terms, at: Millis): Promise<Issued> {
  // A leaf is not accepted after its authority has expired.
  const end = Math.min(at + leafLife, new X509Certificate(authority.cert).validToDate.getTime())
  return issueLeaf(authority, names, { from: at, days: (end - at) / day })
}
