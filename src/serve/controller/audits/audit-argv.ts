import type { ReportContent } from '../../../report/audit/policy-report.ts'
import type { NodeDutiesOptions } from '../node-duties.ts'

/** The options of `controller` that an audit depends on. */
export interface AuditingOptions extends NodeDutiesOptions {
  readonly policy?: string
  /** See `--report-objects` of `audit`. */
  readonly auditReportObjects: ReportContent | 'off'
}

/**
 * Calls of the API server a second: half of what kube-controller-manager may send (--kube-api-qps 20). 5,000 nodes
 * with 150,000 pods are 900 pages; measured, 94 s with 7 s of CPU.
 */
const qps = 10

/**
 * The arguments of `pidguard audit` for the cluster of `controller`, with the same credentials, policy file and source of
 * readings. Every option that an environment variable could set is given.
 */
export function auditArgv(options: AuditingOptions): string[] {
  const { readings = 'kubelet', auditReportObjects, kubeletInsecure } = options
  const texts: readonly (readonly [flag: string, value: string | undefined])[] = [
    ['--kubeconfig', options.kubeconfig],
    ['--policy', options.policy],
    ['--snapshot', readings === 'snapshot' ? options.snapshot : undefined],
    ['--kubelet-ca', options.kubeletCa],
    ['--kubelet-service-account', options.kubeletServiceAccount],
    ['--prometheus', options.prometheus],
    ['--prometheus-token', options.prometheusToken],
    ['--prometheus-ca', options.prometheusCa],
    ['--prometheus-kubelet', options.prometheusKubelet],
    ['--prometheus-node-exporter', options.prometheusNodeExporter]
  ]
  return [
    'audit',
    '--output=totals',
    '--fail-on=audit',
    `--kube-api-qps=${qps}`,
    `--readings=${readings}`,
    `--report-objects=${auditReportObjects}`,
    ...texts.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag}=${value}`])),
    ...(kubeletInsecure === true ? ['--kubelet-insecure'] : [])
  ]
}
