import { issueAuthority, issueLeaf } from '../../src/certs/issue.ts'
import type { Keyring } from '../../src/certs/keyring.ts'
import type { Terms } from '../../src/certs/plan-rotation.ts'

export const day = 24 * 60 * 60_000
/** Some moment; the years around it are free of surprises. */
export const birth = Date.UTC(2026, 0, 1)

export const terms: Terms = {
  names: ['pidguard.pidguard-system.svc'],
  leafLife: 90 * day,
  authorityLife: 720 * day,
  overlap: day
}

export interface RingChange {
  /** When each was issued, in days after `birth`. */
  readonly leaf?: number
  readonly next?: number
  readonly previous?: number
  readonly names?: readonly string[]
}

/** A ring whose authority was issued at `birth`; the leaf too where nothing else is said. */
export async function ringOf({ leaf = 0, next, previous, names = terms.names }: RingChange = {}): Promise<Keyring> {
  const authorityAt = (days: number) =>
    issueAuthority(`ca-${days}`, { from: birth + days * day, days: terms.authorityLife / day })
  const authority = await authorityAt(0)
  return {
    authority,
    leaf: await issueLeaf(authority, names, { from: birth + leaf * day, days: terms.leafLife / day }),
    next: next === undefined ? undefined : await authorityAt(next),
    previous: previous === undefined ? undefined : (await authorityAt(previous)).cert
  }
}
