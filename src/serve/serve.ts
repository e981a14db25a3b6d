import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { CertificatePair } from '../certs/serving-pair.ts'
import { RuleIndex } from '../engine/rule-index.ts'
import { AppError } from '../errors.ts'
import { clock } from '../host/clock.ts'
import { type CertificateSource, fileCertificates } from '../host/local-certificates.ts'
import { openLog, unwrittenLog } from '../host/log.ts'
import { loadPolicy } from '../host/policy-watched.ts'
import type { Millis } from '../lib/units.ts'
import type { Log, Meter } from '../ports/runtime.ts'
import { policyRules, rules } from '../rules/index.ts'
import { type AdmissionDeps, buildAdmission } from '../server/admission.ts'
import { type AdmissionServer, buildAdmissionServer, buildProbeServer } from '../server/build-server.ts'
import { buildMetrics } from '../server/metrics/metrics.ts'
import { type AuditSourceOptions, auditSource } from './audit-source.ts'
import { type FactDeps, type FactSource, noFacts } from './fact-source.ts'
import { warmUp } from './warm-up.ts'

export interface ServeOptions extends AuditSourceOptions {
  readonly host?: string
  readonly port: number
  readonly probePort: number
  readonly certDir: string
  readonly certIssuer: 'pidguard' | 'other'
  readonly certLeafLife: Millis
  readonly certCaLife: Millis
  readonly certOverlap: Millis
  readonly logLevel: string
  /** Seconds from the signal to stop until connections are closed: endpoints have to forget this replica first. */
  readonly drain: number
  readonly version: string
}

/** Milliseconds between two looks at the files; what a person waits after a change. */
const pollEvery = 1_000
/** Milliseconds; a usual review takes a hundredth of it. */
const slow = 50
/** Milliseconds that answers under way get after the drain, before their connections are cut. */
const grace = 5_000

/** Starts the webhook and returns when it is ready; it stops on SIGTERM, SIGINT, or an error nobody caught. */
export async function serve(options: ServeOptions): Promise<void> {
  // Whoever read our output is gone; that is no reason to stop admitting pods.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const output = openLog(options.logLevel, clock)
  const { log } = output
  const audits = await auditSource(options, { clock, log })
  let facts = noFacts
  const policy = await loadPolicy(options.policy, policyRules, clock)
  const meter: FactDeps['meter'] = {
    countTaint: (change, result) => metrics.countTaint(change, result),
    countNearFloor: (result) => metrics.countNearFloor(result)
  }
  facts = await factSource(options, { clock, log, settingsFor: policy.settingsFor, meter })
  policy.useNamespaces(facts.namespaces)
  const certificates = await certificateSource(options, log, (signal) => {
    facts.lead?.(signal)
    audits?.lead(signal)
  })
  let pair: CertificatePair | undefined
  const metrics = buildMetrics({
    clock,
    policy: () => policy.status(),
    certificate: () => pair,
    headroom: () => facts.status(),
    taints: () => facts.taints?.(),
    nearFloor: () => facts.nearFloor?.(),
    audits: () => audits?.status
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
    await Promise.all([audits?.stop(), certificates.stop(), facts.stop(), server?.app.close(), probes.close()])
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
    pair = await certificates.first()
    const deps = { rules: new RuleIndex(rules), policy, clock, slow } satisfies Partial<AdmissionDeps>
    const told = { log: output.reviews, meter: metrics }
    const admission = buildAdmission({ ...deps, ...factsOf(facts), ...told })
    const serving = buildAdmissionServer({ admission, clock, ...told }, pair)
    server = serving
    certificates.watch(
      (next) => {
        serving.setPair(next)
        pair = next
        metrics.countReload('certificate', 'loaded')
        log.info({ expiresAt: new Date(next.expiresAt).toISOString() }, 'serving certificate loaded')
      },
      (error) => {
        metrics.countReload('certificate', 'kept')
        log.error({ err: error }, 'serving certificate not loaded, the last good one stays')
      }
    )
    await warmUp((facts) => buildAdmission({ ...deps, facts, log: unwrittenLog(clock), meter: uncounted }), clock, pair)
    const admissionAddress = await listen(serving.app, 'https', options.host, options.port, '--port')
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

/**
 * A cluster that was named, or the one we run in; a snapshot in its place. Loaded only where there is one: the
 * libraries of a cluster take longer than all the rest of a start.
 */
async function factSource(options: ServeOptions, deps: FactDeps): Promise<FactSource> {
  const { kubeconfig, readings, snapshot } = options
  const isNamed = kubeconfig !== undefined || readings !== undefined
  if (!isNamed && snapshot !== undefined) {
    const { snapshotFacts } = await import('./snapshot-facts.ts')
    return snapshotFacts(snapshot, options.readingsInterval, deps)
  }
  if (!isNamed && !isInCluster()) return noFacts
  const { clusterFacts } = await import('./cluster-facts.ts')
  return clusterFacts(options, deps)
}

function factsOf({ facts, admitted }: FactSource): Pick<AdmissionDeps, 'facts' | 'admitted'> {
  return { facts, ...(admitted === undefined ? undefined : { admitted }) }
}

/** `onLead`: one replica of an installation leads. A process with its certificate in a folder is none, and never does. */
async function certificateSource(
  options: ServeOptions,
  log: Log,
  onLead: (signal: AbortSignal) => void
): Promise<CertificateSource> {
  const { certSecret, certIssuer, certLeafLife, certCaLife, certOverlap } = options
  if (certSecret === undefined) return fileCertificates(options.certDir, pollEvery, log)
  // Loaded only where there is a cluster.
  const { clusterCertificates } = await import('./cluster-certificates.ts')
  return clusterCertificates({
    secret: certSecret,
    issuer: certIssuer,
    lives: { leafLife: certLeafLife, authorityLife: certCaLife, overlap: certOverlap },
    kubeconfig: options.kubeconfig,
    clock,
    log,
    onLead
  })
}

function sleep(span: Millis): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, span))
}

/** Listens and gives back the URL. Throws ERR_USAGE when the port is taken or forbidden. */
async function listen(
  app: FastifyInstance,
  scheme: string,
  host: string | undefined,
  port: number,
  flag: string
): Promise<string> {
  try {
    await app.listen({ port, host: host ?? everyAddress() })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new AppError('ERR_USAGE', `${flag} ${port}: cannot be listened on (${code})`, { cause })
  }
  const address = app.server.address() as AddressInfo
  const shown = address.address === '::' || address.address === '0.0.0.0' ? 'localhost' : address.address
  return `${scheme}://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`
}

/** `::` takes IPv4 as well; where IPv6 is switched off, it is no address at all. */
function everyAddress(): string {
  const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family }) => family === 'IPv6')
  )
  return hasIPv6 ? '::' : '0.0.0.0'
}

const uncounted: Meter = { countReview() {}, countOutcome() {} }

/** Every container of a cluster has this variable (kubernetes pkg/kubelet/envvars); nobody reads a welcome there. */
function isInCluster(): boolean {
  return process.env['KUBERNETES_SERVICE_HOST'] !== undefined
}

function welcome(admission: string): string {
  const server = admission.endsWith(':8443') ? '' : ` --server ${admission}`
  return `\npidguard answers admission reviews on ${admission}. Try it from another terminal:\n\n  npm run -s pidguard -- try${server} manifests/examples/first-look.yaml\n\n`
}
