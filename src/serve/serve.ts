import type { CertificatePair } from '../certs/serving-pair.ts'
import { RuleIndex } from '../engine/rule-index.ts'
import type { ReservationSink } from '../headroom/reservation.ts'
import { clock } from '../host/clock.ts'
import { type CertificateSource, fileCertificates } from '../host/local-certificates.ts'
import { unwrittenLog } from '../host/log/log.ts'
import { loadPolicy } from '../host/policy-watched.ts'
import type { Millis } from '../lib/units.ts'
import type { Log, Meter } from '../ports/runtime.ts'
import { policyRules, rules } from '../rules/index.ts'
import { type AdmissionDeps, buildAdmission } from '../server/admission.ts'
import { type AdmissionServer, buildAdmissionServer, buildProbeServer } from '../server/build-server.ts'
import { buildMetrics } from '../server/metrics/metrics.ts'
import { ReservationFeed } from '../server/reservation-feed.ts'
import type { ClusterAccess } from './cluster-access.ts'
import { type FactDeps, type FactSource, noFacts } from './fact-source.ts'
import { listen } from './listen.ts'
import { endGracefully, isInCluster, openOutput, pollEvery } from './process.ts'
import type { ServeOptions } from './serve-options.ts'
import { warmUp } from './warm-up.ts'

/** Milliseconds; a usual review takes a hundredth of it. */
const slow = 50

/** Starts the webhook and returns when it is ready; it stops on SIGTERM, SIGINT, or an error that nothing caught. */
export async function serve(options: ServeOptions): Promise<void> {
  const output = openOutput(options.logLevel, clock)
  const { log } = output
  const policy = await loadPolicy(options.policy, policyRules, clock)
  const cluster = await clusterOf(options)
  const facts = await factSource(options, cluster, { clock, log, settingsFor: policy.settingsFor })
  policy.useNamespaces(facts.namespaces)
  const certificates = await certificateSource(options, cluster, log)
  let pair: CertificatePair | undefined
  const metrics = buildMetrics({
    clock,
    policy: () => policy.status(),
    certificate: () => pair,
    headroom: () => facts.status()
  })
  const unready = new Set(['starting'])
  const probes = buildProbeServer({
    unready: () => [...unready, certificates.obstacle(), facts.obstacle()].filter((each) => each !== undefined),
    metrics: () => metrics.render()
  })
  let server: AdmissionServer | undefined
  const watch = policy.watch(pollEvery, log, metrics)
  async function close(): Promise<void> {
    watch.stop()
    await Promise.all([certificates.stop(), facts.stop(), server?.app.close(), probes.close()])
    await cluster?.close()
  }

  const endByItself = endGracefully({
    output,
    delay: options.drain * 1_000,
    about: { drainSeconds: options.drain },
    async close(isAsked) {
      unready.add('stopping')
      server?.drain()
      if (isAsked && server !== undefined) await sleep(options.drain * 1_000)
      await close()
    }
  })

  try {
    const probeAddress = await listen(probes, 'http', options.host, options.probePort, '--probe-port')
    facts.start()
    pair = await certificates.start({
      changed(next) {
        server?.setPair(next)
        pair = next
        metrics.countReload('certificate', 'loaded')
        log.info({ expiresAt: new Date(next.expiresAt).toISOString() }, 'serving certificate loaded')
      },
      broken(error) {
        if (pair === undefined) return log.error({ err: error }, 'no serving certificate yet')
        metrics.countReload('certificate', 'kept')
        log.error({ err: error }, 'serving certificate not loaded, the last good one stays')
      }
    })
    const deps = { rules: new RuleIndex(rules), policy, clock, slow } satisfies Partial<AdmissionDeps>
    const reported = { log: output.reviews, meter: metrics }
    const reservations = isGuard(options) ? new ReservationFeed() : undefined
    const admission = buildAdmission({ ...deps, ...factsOf(facts, reservations), ...reported })
    server = buildAdmissionServer({ admission, clock, ...reported, reservations }, pair)
    await warmUp((facts) => buildAdmission({ ...deps, facts, log: unwrittenLog(clock), meter: uncounted }), clock, pair)
    const admissionAddress = await listen(server.app, 'https', options.host, options.port, '--port')
    unready.delete('starting')
    const addresses = { admission: admissionAddress, probes: probeAddress }
    log.info({ ...addresses, policy: policy.source, version: options.version, node: process.version }, 'listening')
    output.flush()
    if (!isInCluster()) process.stderr.write(welcome(admissionAddress))
  } catch (error) {
    await close()
    endByItself()
    throw error
  }
}

/** Whether there is a cluster to guard: one that was named, or the one we run in. */
function hasCluster({ kubeconfig, readings, certSecret }: ServeOptions): boolean {
  return [kubeconfig, readings, certSecret].some((each) => each !== undefined) || isInCluster()
}

/** Loaded only where there is one: the libraries of a cluster take longer than all the rest of a start. */
async function clusterOf(options: ServeOptions): Promise<ClusterAccess | undefined> {
  if (!hasCluster(options)) return undefined
  const { openCluster } = await import('./cluster-access.ts')
  return openCluster(options.kubeconfig, clock)
}

/** A cluster that was named, or the one we run in; a snapshot in its place. */
async function factSource(
  options: ServeOptions,
  cluster: ClusterAccess | undefined,
  deps: FactDeps
): Promise<FactSource> {
  const { kubeconfig, readings, snapshot } = options
  const isNamed = kubeconfig !== undefined || readings !== undefined
  if (!isNamed && snapshot !== undefined) {
    const { snapshotFacts } = await import('./snapshot-facts.ts')
    return snapshotFacts(snapshot, options.readingsInterval, deps)
  }
  if (cluster === undefined || !(isNamed || isInCluster())) return noFacts
  const { clusterFacts } = await import('./cluster-facts.ts')
  return clusterFacts(options, cluster, deps)
}

/** The one writer, with a key that the controller has too: it says what it counts. */
function isGuard({ soleWriter, certSecret }: ServeOptions): boolean {
  return soleWriter === true && certSecret !== undefined
}

function factsOf(
  { facts, admitted }: FactSource,
  sink: ReservationSink | undefined
): Pick<AdmissionDeps, 'facts' | 'admitted'> {
  if (admitted === undefined) return { facts }
  return { facts, admitted: (subject, settings, caller) => admitted(subject, settings, caller, sink) }
}

/** The pair of a Secret, or of a folder. */
async function certificateSource(
  { certSecret, certDir }: ServeOptions,
  cluster: ClusterAccess | undefined,
  log: Log
): Promise<CertificateSource> {
  if (certSecret === undefined || cluster === undefined) return fileCertificates(certDir, pollEvery, log)
  const { readCertificates } = await import('./cluster-certificates.ts')
  return readCertificates({ secret: certSecret, cluster, clock, log })
}

function sleep(span: Millis): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, span))
}

const uncounted: Meter = { countReview() {}, countOutcome() {} }

function welcome(admission: string): string {
  const server = admission.endsWith(':8443') ? '' : ` --server ${admission}`
  return `
pidguard answers admission reviews on ${admission}. Ctrl-C stops it. Try it from another terminal:

  npm run -s pidguard -- try${server} manifests/examples/first-look.yaml   # what kubectl apply would meet
  npm run -s pidguard -- top nodes --snapshot manifests/examples/snapshot.yaml   # who holds the PIDs
  npm run -s pidguard -- rules   # what is checked; with a name behind it, why

`
}
