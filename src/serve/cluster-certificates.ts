import { CertificateFollower } from '../certs/certificate-follower.ts'
import { CertificateKeeper } from '../certs/certificate-keeper.ts'
import { checkTerms, type Terms } from '../certs/plan-rotation.ts'
import type { CertificateSource } from '../host/local-certificates.ts'
import { servingSecret } from '../kube/serving-secret.ts'
import { webhookRegistry } from '../kube/webhook-registry.ts'
import type { Millis } from '../lib/units.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { ClusterAccess } from './cluster-access.ts'
import { installed } from './leading.ts'

export interface ClusterCertificatesOptions {
  readonly secret: string
  readonly issuer: 'pidguard' | 'other'
  readonly lives: Omit<Terms, 'names'>
  readonly cluster: Pick<ClusterAccess, 'api' | 'namespace'>
  readonly clock: Clock
  readonly log: Log
  /** Whether this process leads now: only then it makes certificates and writes caBundle. */
  isLeading(): boolean
}

/** Between two looks before the API server can call us, and after. A look is three small reads. */
const eager: Millis = 250
const calm: Millis = 5_000

/** The pair in a Secret that all replicas share. Throws ERR_USAGE. */
export function clusterCertificates(options: ClusterCertificatesOptions): CertificateSource {
  const { secret, issuer, lives, cluster, clock, log, isLeading } = options
  const { api, namespace } = cluster
  const terms = checkTerms({ ...lives, names: [`${installed}.${namespace}.svc`] })
  const keeper = new CertificateKeeper({
    secret: servingSecret(api, namespace, secret),
    registry: webhookRegistry(api, installed),
    terms,
    clock,
    log,
    issuer
  })
  const abort = new AbortController()
  const deps = {
    look: () => keeper.look(isLeading()),
    log,
    eager,
    calm: Math.min(calm, Math.max(eager, terms.overlap / 4))
  }
  let follower: CertificateFollower | undefined
  let running: Promise<void> | undefined
  return {
    start(events) {
      follower = new CertificateFollower(deps, events)
      running = follower.run(abort.signal)
      return follower.first
    },
    obstacle: () => (follower === undefined ? 'the certificate has not been asked for yet' : follower.obstacle),
    async stop() {
      abort.abort()
      await running
    }
  }
}
