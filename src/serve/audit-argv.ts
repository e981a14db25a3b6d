import type { ReportContent } from '../report/audit/policy-report.ts'
import type { ClusterFactsOptions } from './cluster-facts.ts'

/** What of the options of `serve` an audit hangs on. */
export interface AuditingOptions extends ClusterFactsOptions {
  readonly policy?: string
  /** See `--report-objects` of `audit`. */
  readonly auditReportObjects: ReportContent | 'off'
}

/**
 * Calls of the API server a second: half of what kube-controller-manager allows itself (--kube-api-qps 20). 5,000 nodes
 * with 150,000 pods are 900 pages; measured, 94 s with 7 s of CPU.
 */
const qps = 10

/**
 * The arguments of `pidguard audit` by which it looks at the cluster of `serve` with the eyes of `serve`: the same
 * credentials, policy file and source of readings. Everything that an environment variable could say otherwise is said.
 */
export function auditArgv(options: AuditingOptions): string[] {
  const { readings = 'kubelet', auditReportObjects, kubeletInsecure } = options
  const texts: readonly (readonly [flag: string, value: string | undefined])[] = [
    ['--kubeconfig', options.kubeconfig],
    ['--policy', options.policy],
    ['--snapshot', readings === 'snapshot' ? options.snapshot : undefined],
    ['--kubelet-ca', options.kubeletCa],
    ['--prometheus', options.prometheus],
    ['--prometheus-token', options.prometheusToken],
    ['--prometheus-ca', options.prometheusCa]
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
