import { CertificateFollower } from '../certs/certificate-follower.ts'
import { CertificateKeeper } from '../certs/certificate-keeper.ts'
import { CertificateReader, type CertificateState } from '../certs/certificate-reader.ts'
import { checkTerms, type Terms } from '../certs/plan-rotation.ts'
import type { CertificateSource } from '../host/local-certificates.ts'
import { servingSecret } from '../kube/serving-secret.ts'
import { webhookRegistry } from '../kube/webhook-registry.ts'
import type { Millis } from '../lib/units.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import { type ClusterAccess, guard, installed } from './cluster-access.ts'

export interface ReadCertificatesOptions {
  readonly secret: string
  readonly cluster: Pick<ClusterAccess, 'api' | 'namespace'>
  readonly clock: Clock
  readonly log: Log
}

export interface KeptCertificatesOptions extends ReadCertificatesOptions {
  readonly issuer: 'pidguard' | 'other'
  readonly lives: Omit<Terms, 'names'>
  /** Whether this process leads now: only then it makes certificates and writes caBundle. */
  isLeading(): boolean
}

/** Between two looks before the API server can call us: three small reads each. */
const eager: Millis = 250
/** And after: the webhook reads one Secret. Soon enough for an overlap of two authorities of some seconds, as in tests. */
const calmReader: Millis = 2_000
/** A keeper reads the webhook configurations as well, and finds a caBundle that somebody changed. */
const calmKeeper: Millis = 5_000

/** The pair in a Secret that all replicas of the webhook share; it is only read. */
export function readCertificates({ secret, cluster, clock, log }: ReadCertificatesOptions): CertificateSource {
  const { api, namespace } = cluster
  const reader = new CertificateReader({
    secret: servingSecret(api, namespace, secret),
    registry: webhookRegistry(api, installed),
    clock
  })
  return follow({ look: () => reader.look(), calm: calmReader, log })
}

/** The same pair, made and renewed by the controller that leads, and given to the API server. Throws ERR_USAGE. */
export function keepCertificates(options: KeptCertificatesOptions): CertificateSource {
  const { secret, issuer, lives, cluster, clock, log, isLeading } = options
  const { api, namespace } = cluster
  const terms = checkTerms({ ...lives, names: [`${installed}.${namespace}.svc`, `${guard}.${namespace}.svc`] })
  const keeper = new CertificateKeeper({
    secret: servingSecret(api, namespace, secret),
    registry: webhookRegistry(api, installed),
    terms,
    clock,
    log,
    issuer
  })
  const calm = Math.min(calmKeeper, Math.max(eager, terms.overlap / 4))
  return follow({ look: () => keeper.look(isLeading()), calm, log })
}

interface Following {
  look(): Promise<CertificateState>
  readonly calm: Millis
  readonly log: Log
}

function follow(deps: Following): CertificateSource {
  const abort = new AbortController()
  let follower: CertificateFollower | undefined
  let running: Promise<void> | undefined
  return {
    start(events) {
      follower = new CertificateFollower({ ...deps, eager }, events)
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
