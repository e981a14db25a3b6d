import type { CertificatePair } from '../../certs/serving-pair.ts'
import type { GuardStreamDeps } from '../../leader/guard/guard-stream.ts'
import { type ClusterAccess, guard } from '../cluster-access.ts'
import { isInCluster } from '../process.ts'

/** Where the guard serves, and how it is known to be ours. */
export type GuardAccess = Pick<GuardStreamDeps, 'url' | 'serverName' | 'trust'>

export interface GuardOptions {
  readonly certSecret?: string
  /** Where the guard serves; in a cluster the Service of its component. */
  readonly guard?: string
}

/** undefined without a Secret, which both ends know each other by, and outside of a cluster where no address is given. */
export function guardAccess(
  { certSecret, guard: address }: GuardOptions,
  { namespace }: Pick<ClusterAccess, 'namespace'>,
  pair: () => CertificatePair | undefined
): GuardAccess | undefined {
  const serverName = `${guard}.${namespace}.svc`
  const url = address ?? (isInCluster() ? `https://${serverName}:443` : undefined)
  if (certSecret === undefined || url === undefined) return undefined
  return {
    url,
    serverName,
    trust() {
      const { key, authorities } = pair() ?? {}
      return key === undefined || authorities === undefined ? undefined : { key, authorities }
    }
  }
}
