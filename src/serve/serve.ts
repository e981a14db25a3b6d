import closeWithGrace from 'close-with-grace'
import type { CertificatePair } from '../certs/serving-pair.ts'
import { RuleIndex } from '../engine/rule-index.ts'
import { clock } from '../host/clock.ts'
import { type CertificateSource, fileCertificates } from '../host/local-certificates.ts'
import { openLog, unwrittenLog } from '../host/log.ts'
import { loadPolicy } from '../host/policy-watched.ts'
import type { CalicoKeeper } from '../leader/calico/calico-keeper.ts'
import type { FelixPolicy } from '../leader/calico/check-felix.ts'
import type { Duty, Leadership } from '../leader/leadership.ts'
import type { Millis } from '../lib/units.ts'
import type { Log, Meter } from '../ports/runtime.ts'
import { policyRules, rules } from '../rules/index.ts'
import { type AdmissionDeps, buildAdmission } from '../server/admission.ts'
import { type AdmissionServer, buildAdmissionServer, buildProbeServer } from '../server/build-server.ts'
import { buildMetrics } from '../server/metrics/metrics.ts'
import { auditSource } from './audits/audit-source.ts'
import type { CalicoKeeping } from './build-calico-keeper.ts'
import type { ClusterAccess } from './cluster-access.ts'
import { type FactDeps, type FactSource, noFacts } from './fact-source.ts'
import { listen } from './listen.ts'
import type { ServeOptions } from './serve-options.ts'
import { warmUp } from './warm-up.ts'

/** Milliseconds between two looks at the files; what a person waits after a change. */
const pollEvery = 1_000
/** Milliseconds; a usual review takes a hundredth of it. */
const slow = 50
/** Milliseconds that answers under way get after the drain, before their connections are cut. */
const grace = 5_000

/** Starts the webhook and returns when it is ready; it stops on SIGTERM, SIGINT, or an error that nothing caught. */
export async function serve(options: ServeOptions): Promise<void> {
  // A closed standard output is no reason to stop admitting pods.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const output = openLog(options.logLevel, clock, process.stdout.isTTY === true)
  const { log } = output
  const audits = await auditSource(options, hasCluster(options), { clock, log })
  let facts = noFacts
  const policy = await loadPolicy(options.policy, policyRules, clock)
  const meter: FactDeps['meter'] = {
    countTaint: (change, result) => metrics.countTaint(change, result),
    countNearFloor: (result) => metrics.countNearFloor(result)
  }
  const cluster = await clusterOf(options)
  facts = await factSource(options, cluster, { clock, log, settingsFor: policy.settingsFor, meter })
  policy.useNamespaces(facts.namespaces)
  if (facts.lead === undefined && policy.settingsFor('').headroom.taintNodes) {
    log.warn({ policy: policy.source }, 'taintNodes has no effect: there is no cluster whose nodes could be tainted')
  }
  const calico = cluster && (await calicoKeeper(cluster, policy, log, (result) => metrics.countCalicoRepair(result)))
  const duties = [
    ...(facts.lead === undefined ? [] : [{ name: 'nodes', begin: facts.lead }]),
    ...(audits === undefined ? [] : [{ name: 'audits', begin: (signal: AbortSignal) => audits.lead(signal) }]),
    ...(calico === undefined ? [] : [{ name: 'Calico', begin: (signal: AbortSignal) => void calico.run(signal) }])
  ]
  const isWanted = (): boolean => {
    const { headroom, calico } = policy.settingsFor('')
    return (facts.lead !== undefined && headroom.taintNodes) || calico.repair
  }
  const leadership = cluster && (await leadershipOf(options, cluster, log, duties, isWanted))
  const certificates = await certificateSource(options, cluster, log, () => leadership?.leading === true)
  let pair: CertificatePair | undefined
  const metrics = buildMetrics({
    clock,
    policy: () => policy.status(),
    certificate: () => pair,
    headroom: () => facts.status(),
    taints: () => facts.taints?.(),
    nearFloor: () => facts.nearFloor?.(),
    audits: () => audits?.status,
    calico: () => calico?.counts
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
    await Promise.all([
      audits?.stop(),
      certificates.stop(),
      leadership?.stop(),
      facts.stop(),
      server?.app.close(),
      probes.close()
    ])
    await cluster?.close()
  }

  // Before anything is waited for: the first process of a container ignores signals that it does not handle.
  closeWithGrace({ delay: options.drain * 1_000 + grace, logger: false }, async ({ signal, err }) => {
    if (err) log.error({ err }, 'unexpected error, stopping')
    else log.info({ signal, drainSeconds: options.drain }, 'stopping')
    unready.add('stopping')
    server?.drain()
    void audits?.stop()
    if (signal !== undefined && server !== undefined) await sleep(options.drain * 1_000)
    await close()
    log.info({}, 'stopped')
    await output.written()
  })

  try {
    const probeAddress = await listen(probes, 'http', options.host, options.probePort, '--probe-port')
    facts.start()
    leadership?.start()
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
    const admission = buildAdmission({ ...deps, ...factsOf(facts), ...reported })
    server = buildAdmissionServer({ admission, clock, ...reported }, pair)
    await warmUp((facts) => buildAdmission({ ...deps, facts, log: unwrittenLog(clock), meter: uncounted }), clock, pair)
    const admissionAddress = await listen(server.app, 'https', options.host, options.port, '--port')
    unready.delete('starting')
    const addresses = { admission: admissionAddress, probes: probeAddress }
    log.info({ ...addresses, policy: policy.source, version: options.version, node: process.version }, 'listening')
    output.flush()
    if (!isInCluster()) process.stderr.write(welcome(admissionAddress))
  } catch (error) {
    await close()
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

function factsOf({ facts, admitted }: FactSource): Pick<AdmissionDeps, 'facts' | 'admitted'> {
  return { facts, ...(admitted === undefined ? undefined : { admitted }) }
}

/** What the leader does here: the PodDisruptionBudget of an installation, and the duties given. */
async function leadershipOf(
  { certSecret, auditInterval }: ServeOptions,
  cluster: ClusterAccess,
  log: Log,
  duties: readonly Duty[],
  isWanted: () => boolean
): Promise<Leadership> {
  const { buildLeadership, disruptionBudgetDuty } = await import('./leading.ts')
  const isInstallation = certSecret !== undefined
  return buildLeadership({
    cluster,
    duties: [...(isInstallation ? [disruptionBudgetDuty(cluster, log)] : []), ...duties],
    isWanted: () => isInstallation || auditInterval !== undefined || isWanted(),
    clock,
    log
  })
}

/** Reports and repairs DaemonSets of Calico that are out of policy. */
async function calicoKeeper(
  { api }: ClusterAccess,
  policy: FelixPolicy,
  log: Log,
  countCalicoRepair: CalicoKeeping['meter']['countCalicoRepair']
): Promise<CalicoKeeper> {
  const { buildCalicoKeeper } = await import('./build-calico-keeper.ts')
  return buildCalicoKeeper({ api, clock, policy, log, meter: { countCalicoRepair } })
}

async function certificateSource(
  options: ServeOptions,
  cluster: ClusterAccess | undefined,
  log: Log,
  isLeading: () => boolean
): Promise<CertificateSource> {
  const { certSecret, certIssuer, certLeafLife, certCaLife, certOverlap } = options
  if (certSecret === undefined || cluster === undefined) return fileCertificates(options.certDir, pollEvery, log)
  const { clusterCertificates } = await import('./cluster-certificates.ts')
  return clusterCertificates({
    secret: certSecret,
    issuer: certIssuer,
    lives: { leafLife: certLeafLife, authorityLife: certCaLife, overlap: certOverlap },
    cluster,
    clock,
    log,
    isLeading
  })
}

function sleep(span: Millis): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, span))
}

const uncounted: Meter = { countReview() {}, countOutcome() {} }

/** Every container of a cluster has this variable (kubernetes pkg/kubelet/envvars). */
function isInCluster(): boolean {
  return process.env['KUBERNETES_SERVICE_HOST'] !== undefined
}

function welcome(admission: string): string {
  const server = admission.endsWith(':8443') ? '' : ` --server ${admission}`
  return `
pidguard answers admission reviews on ${admission}. Ctrl-C stops it. Try it from another terminal:

  npm run -s pidguard -- try${server} manifests/examples/first-look.yaml   # what kubectl apply would meet
  npm run -s pidguard -- top nodes --snapshot manifests/examples/snapshot.yaml   # who holds the PIDs
  npm run -s pidguard -- rules   # what is checked, and why

`
}
