import { X509Certificate } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { Millis } from '../lib/units.ts'
import type { Keyring } from './keyring.ts'
import { isPairFor } from './serving-pair.ts'

/** How long certificates live. A leaf is renewed, and an authority replaced, when two thirds of its life are over. */
export interface Terms {
  /** DNS names that the API server calls us by. */
  readonly names: readonly string[]
  readonly leafLife: Millis
  readonly authorityLife: Millis
  /** How long a new authority is trusted before its first leaf, and an old one after its last. */
  readonly overlap: Millis
}

/** Throws ERR_USAGE, with every mistake, for terms under which a certificate would expire too early. */
export function checkTerms(terms: Terms): Terms {
  const { leafLife, authorityLife, overlap } = terms
  const mistakes: string[] = []
  // Both overlaps, and the leaves signed meanwhile, have to fit into the last third of an authority's life.
  if (leafLife > authorityLife / 3) mistakes.push('--cert-leaf-life: expected at most a third of --cert-ca-life')
  if (overlap > leafLife / 4) mistakes.push('--cert-overlap: expected at most a quarter of --cert-leaf-life')
  if (mistakes.length > 0) throw new AppError('ERR_USAGE', mistakes.join('; '))
  return terms
}

/** The next step. After each step the keyring works. */
export type Step = 'nothing' | 'start-over' | 'issue-leaf' | 'add-next' | 'promote-next' | 'drop-previous'

/**
 * The next step for a keyring. `published`: every caBundle holds all authorities of the keyring.
 * An authority signs only when it has been trusted for `overlap`, and stays trusted for `overlap` after its last leaf was
 * replaced. A certificate that has expired, or is not valid yet because a clock was wrong, is replaced at once: no client
 * accepts it.
 */
export function planRotation(ring: Keyring | undefined, published: boolean, terms: Terms, at: Millis): Step {
  if (ring === undefined) return 'start-over'
  const { next, previous } = ring
  const authority = lifeOf(ring.authority.cert)
  if (!authority.isValid(at)) return next !== undefined && lifeOf(next.cert).isValid(at) ? 'promote-next' : 'start-over'
  const leaf = lifeOf(ring.leaf.cert)
  if (!leaf.isValid(at) || !isSigned(ring) || !isPairFor(ring.leaf, terms.names)) return 'issue-leaf'
  if (next !== undefined && published && at >= lifeOf(next.cert).from + terms.overlap) return 'promote-next'
  if (next === undefined && previous === undefined && authority.isDue(at)) return 'add-next'
  if (leaf.isDue(at)) return 'issue-leaf'
  if (previous !== undefined && at >= leaf.from + terms.overlap) return 'drop-previous'
  return 'nothing'
}

interface Life {
  /** When it was issued: certificates are valid from a little earlier, for clocks that are behind. */
  readonly from: Millis
  isValid(at: Millis): boolean
  isDue(at: Millis): boolean
}

/** As issue.ts backdates; repeated here since that file brings the whole certificate library. */
const backdated: Millis = 5 * 60_000

function lifeOf(cert: string): Life {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  const validFrom = validFromDate.getTime()
  const until = validToDate.getTime()
  const from = validFrom + backdated
  return {
    from,
    isValid: (at) => at >= validFrom && at < until,
    isDue: (at) => at >= from + ((until - from) * 2) / 3
  }
}

function isSigned({ authority, leaf }: Keyring): boolean {
  const issuer = new X509Certificate(authority.cert)
  const cert = new X509Certificate(leaf.cert)
  return cert.checkIssued(issuer) && cert.verify(issuer.publicKey)
}
