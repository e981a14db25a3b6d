import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { CertificateKeeper, type Look } from '../certs/certificate-keeper.ts'
import { checkTerms, type Terms } from '../certs/plan-rotation.ts'
import type { CertificatePair } from '../certs/serving-pair.ts'
import type { CertificateSource } from '../host/local-certificates.ts'
import { KubeClient } from '../kube/client.ts'
import { findCredentials } from '../kube/credentials.ts'
import { servingSecret } from '../kube/serving-secret.ts'
import { webhookRegistry } from '../kube/webhook-registry.ts'
import { keepDisruptionBudget } from '../leader/disruption-budget.ts'
import { startElection } from '../leader/leader-election.ts'
import { pause } from '../lib/sleep.ts'
import type { Millis } from '../lib/units.ts'
import type { Clock, Log } from '../ports/runtime.ts'

export interface ClusterCertificatesOptions {
  readonly secret: string
  readonly issuer: 'pidguard' | 'other'
  readonly lives: Omit<Terms, 'names'>
  readonly kubeconfig: string | undefined
  readonly clock: Clock
  readonly log: Log
  /** This replica leads until the signal: for what else a leader does than to look after certificates. Must not throw. */
  onLead(signal: AbortSignal): void
}

/** Service, Lease, webhook configurations and PodDisruptionBudget of manifests/base. */
const installed = 'pidguard'
/** Between two looks before we can be called, and after. A look is three small reads. */
const eager: Millis = 250
const calm: Millis = 5_000

/** The pair in a Secret, kept with all other replicas. Throws ERR_CLUSTER_CONFIG and ERR_USAGE. */
export async function clusterCertificates(options: ClusterCertificatesOptions): Promise<CertificateSource> {
  const { clock, log, issuer, kubeconfig } = options
  const credentials = await findCredentials({ kubeconfig, context: undefined, env: process.env, clock })
  const api = new KubeClient(credentials)
  const namespace = credentials.namespace ?? 'pidguard-system'
  const terms = checkTerms({ ...options.lives, names: [`${installed}.${namespace}.svc`] })
  const keeper = new CertificateKeeper({
    secret: servingSecret(api, namespace, options.secret),
    registry: webhookRegistry(api, installed),
    terms,
    clock,
    log,
    issuer
  })
  const abort = new AbortController()
  const identity = `${hostname()}_${randomUUID()}`
  const election = startElection({
    api,
    namespace,
    name: installed,
    identity,
    clock,
    log,
    random: Math.random,
    onLead(signal) {
      void keepDisruptionBudget({ api, namespace, name: installed, log }, signal)
      options.onLead(signal)
    }
  })

  let state: Look = { pair: undefined, obstacle: 'the cluster has not been asked yet' }
  let opened = false
  let failing = false
  /** The certificate that is in use; what a look finds beyond it is news. */
  let served: string | undefined
  let tell: ((pair: CertificatePair) => void) | undefined
  let complain: (error: unknown) => void = (error) => log.error({ err: error }, 'no serving certificate yet')
  const first = Promise.withResolvers<CertificatePair>()

  async function look(): Promise<void> {
    const before = state
    state = await keeper.look(election.leading)
    failing = false
    const { pair, obstacle } = state
    if (pair === undefined) return
    if (served === undefined) {
      served = pair.cert
      first.resolve(pair)
    } else if (served !== pair.cert && tell !== undefined) {
      tell(pair)
      served = pair.cert
    }
    if (obstacle === undefined) opened = true
    else if (obstacle !== before.obstacle) log.warn({ obstacle }, 'the API server cannot call this replica')
  }

  const every = Math.min(calm, Math.max(eager, terms.overlap / 4))
  async function run(): Promise<void> {
    while (!abort.signal.aborted) {
      try {
        await look()
      } catch (error) {
        if (!failing) complain(error)
        failing = true
      }
      await pause(opened ? every : eager, abort.signal)
    }
  }
  const running = run()

  return {
    first: () => first.promise,
    // Once open, it stays: an unready replica helps nobody, and a wrong caBundle is wrong for all.
    obstacle: () => (opened ? undefined : state.obstacle),
    watch(onPair, onBroken) {
      tell = onPair
      complain = onBroken
    },
    async stop() {
      abort.abort()
      await Promise.all([election.stop(), running])
      await api.close()
    }
  }
}
