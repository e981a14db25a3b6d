import type { CertificatePair } from '../../certs/serving-pair.ts'
import { AppError } from '../../errors.ts'
import { clock } from '../../host/clock.ts'
import type { CertificateSource } from '../../host/local-certificates.ts'
import { loadPolicy } from '../../host/policy-watched.ts'
import { policyRules } from '../../rules/index.ts'
import { buildProbeServer } from '../../server/build-server.ts'
import { buildControllerMetrics, type ControllerMetrics } from '../../server/metrics/controller-metrics.ts'
import { type ClusterAccess, openCluster } from '../cluster-access.ts'
import { keepCertificates } from '../cluster-certificates.ts'
import { listen } from '../listen.ts'
import { endGracefully, isInCluster, openOutput, pollEvery } from '../process.ts'
import { auditSource } from './audits/audit-source.ts'
import { buildCalicoKeeper } from './build-calico-keeper.ts'
import type { ControllerOptions } from './controller-options.ts'
import { guardAccess } from './guard-access.ts'
import { buildLeadership, disruptionBudgetDuty } from './leading.ts'
import { buildNodeDuties } from './node-duties.ts'

/**
 * Starts the controller, which does what one process does for all: certificates, taints, Events, Calico, audits. It reads
 * nothing that a stranger sends: only the cluster, and over verified TLS what its own guard has counted. Returns when it is
 * ready; it stops on SIGTERM, SIGINT, or an error that nothing caught.
 */
export async function controller(options: ControllerOptions): Promise<void> {
  if (options.kubeconfig === undefined && !isInCluster()) {
    throw new AppError('ERR_USAGE', 'controller: expected a cluster: run in one, or name it by --kubeconfig')
  }
  const output = openOutput(options.logLevel, clock)
  const { log } = output
  const policy = await loadPolicy(options.policy, policyRules, clock)
  const audits = await auditSource(options, { clock, log })
  const cluster = await openCluster(options.kubeconfig, clock)
  const meter: Omit<ControllerMetrics, 'render' | 'countReload'> = {
    countTaint: (change, result) => metrics.countTaint(change, result),
    countCapacity: (reason, result) => metrics.countCapacity(reason, result),
    countOutOfPids: () => metrics.countOutOfPids(),
    countNearFloor: (result) => metrics.countNearFloor(result),
    countCalicoRepair: (result) => metrics.countCalicoRepair(result)
  }
  let pair: CertificatePair | undefined
  const guard = guardAccess(options, cluster, () => pair)
  const nodes = await buildNodeDuties(options, cluster, { clock, log, settingsFor: policy.settingsFor, meter, guard })
  policy.useNamespaces(nodes.namespaces)
  const calico = buildCalicoKeeper({ api: cluster.api, clock, policy, log, meter })
  const leadership = buildLeadership({
    cluster,
    clock,
    log,
    duties: [
      ...(options.certSecret === undefined ? [] : [disruptionBudgetDuty(cluster, log)]),
      { name: 'nodes', begin: (signal) => nodes.lead(signal) },
      ...(audits === undefined ? [] : [{ name: 'audits', begin: (signal: AbortSignal) => audits.lead(signal) }]),
      { name: 'Calico', begin: (signal) => void calico.run(signal) }
    ]
  })
  const certificates = certificatesOf(options, cluster, () => leadership.leading)
  const metrics = buildControllerMetrics({
    clock,
    policy: () => policy.status(),
    certificate: () => pair,
    headroom: () => nodes.status(),
    taints: () => nodes.taints(),
    capacity: () => nodes.capacity(),
    nearFloor: () => nodes.nearFloor(),
    audits: () => audits?.status,
    calico: () => calico.counts
  })
  const unready = new Set(['starting'])
  const probes = buildProbeServer({ unready: () => [...unready], metrics: () => metrics.render() })
  const watch = policy.watch(pollEvery, log, metrics)
  async function close(): Promise<void> {
    watch.stop()
    void audits?.stop()
    await leadership.stop()
    await Promise.all([audits?.stop(), certificates?.stop(), nodes.stop(), probes.close()])
    await cluster.close()
  }
  const endByItself = endGracefully({
    output,
    delay: 0,
    about: {},
    async close() {
      unready.add('stopping')
      await close()
    }
  })

  /** No certificate is waited for: while there is none, the log says why, and everything else goes on. */
  function startCertificates(source: CertificateSource): void {
    const first = source.start({
      changed(next) {
        pair = next
      },
      broken: (error) => log.error({ err: error }, 'the serving certificate cannot be looked after')
    })
    void first.then((found) => {
      pair ??= found
    })
  }

  try {
    const address = await listen(probes, 'http', options.host, options.probePort, '--probe-port')
    leadership.start()
    if (certificates !== undefined) startCertificates(certificates)
    unready.delete('starting')
    const { version } = options
    log.info({ probes: address, policy: policy.source, version, node: process.version }, 'listening')
    output.flush()
  } catch (error) {
    await close()
    endByItself()
    throw error
  }

  function certificatesOf(
    { certSecret, certIssuer, certLeafLife, certCaLife, certOverlap }: ControllerOptions,
    access: ClusterAccess,
    isLeading: () => boolean
  ): CertificateSource | undefined {
    if (certSecret === undefined) return undefined
    const lives = { leafLife: certLeafLife, authorityLife: certCaLife, overlap: certOverlap }
    return keepCertificates({ secret: certSecret, issuer: certIssuer, lives, cluster: access, clock, log, isLeading })
  }
}
