import type { Registry } from 'prom-client'
import type { AuditStatus, LastAudit } from '../../audit/interval-audits.ts'
import { addCounter, addGauge, type Sample } from './scraped.ts'

/**
 * Metrics of the audits on an interval, read when Prometheus asks. Gauges have samples only while this process leads and
 * has finished an audit: no figure is not 0. A rule that was asked and found nothing has checked objects and no findings.
 */
export function addAuditMetrics(registry: Registry, status: () => AuditStatus | undefined): void {
  const gauge = (name: string, help: string, labelNames: string[], samples: (last: LastAudit) => Sample[]): void =>
    addGauge(registry, {
      name,
      help,
      labelNames,
      samples() {
        const last = status()?.last
        return last === undefined ? undefined : samples(last)
      }
    })

  addCounter(registry, {
    name: 'pidguard_audit_runs_total',
    help: 'Audits of this replica while it led, by result: clean, findings, incomplete (nothing found, parts not looked at), failed.',
    labelNames: ['result'],
    samples: () => Object.entries(status()?.runs ?? {}).map(([result, runs]) => [{ result }, runs])
  })
  gauge(
    'pidguard_audit_findings',
    'Findings of the last audit by rule, namespace (empty: of none; (others): all but the 100 with the most) and level; never 0.',
    ['rule', 'namespace', 'level'],
    ({ totals }) =>
      totals.findings.map(({ ruleId, namespace, level, findings }) => [{ rule: ruleId, namespace, level }, findings])
  )
  gauge(
    'pidguard_audit_checked_objects',
    'Objects that each rule checked in the last audit; 0: it was not asked, or nothing was there for it.',
    ['rule'],
    ({ totals }) => totals.rules.map(({ ruleId, checked }) => [{ rule: ruleId }, checked])
  )
  gauge(
    'pidguard_audit_unchecked_objects',
    'Objects that each rule could not check, because a fact was missing or the rule failed.',
    ['rule'],
    ({ totals }) => totals.rules.map(({ ruleId, unchecked }) => [{ rule: ruleId }, unchecked])
  )
  gauge(
    'pidguard_audit_gaps',
    'Parts of the cluster that the last audit could not read: nodes/configz (kubelet configuration) and other; the log names them.',
    ['part'],
    gapSamples
  )
  gauge(
    'pidguard_audit_last_success_timestamp_seconds',
    'When the last successful audit ended; all other audit figures are of that moment.',
    [],
    ({ endedAt }) => [[{}, endedAt / 1000]]
  )
  gauge('pidguard_audit_duration_seconds', 'How long the last successful audit took.', [], ({ took }) => [
    [{}, took / 1000]
  ])
}

/**
 * Before Kubernetes v1.33 no kubelet can be asked for its configuration, so that gap is permanent and an alert has to
 * leave it out. `firstGaps` is bounded; gaps beyond it count as other.
 */
function gapSamples({ totals: { gaps, firstGaps } }: LastAudit): Sample[] {
  const part = 'nodes/configz'
  const configs = firstGaps.filter((gap) => gap.part === part).length
  return [
    [{ part }, configs],
    [{ part: 'other' }, gaps - configs]
  ]
}
