import { Counter, Gauge, type Registry } from 'prom-client'
import type { AuditStatus, LastAudit } from '../audit/interval.ts'

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

/**
 * Metrics of the audits on an interval, read when Prometheus asks. Gauges have samples only while this process leads and
 * has finished an audit: no figure is not 0. A rule that was asked and found nothing has judged objects and no findings.
 */
export function addAuditMetrics(registry: Registry, status: () => AuditStatus | undefined): void {
  const registers = [registry]
  const gauge = (name: string, help: string, labelNames: string[], samples: (last: LastAudit) => Sample[]): Gauge =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        // Without labels, a reset gauge is 0; and unknown is not 0.
        if (labelNames.length === 0) this.remove()
        const last = status()?.last
        if (last === undefined) return
        for (const [labels, value] of samples(last)) this.set(labels, value)
      }
    })

  new Counter({
    name: 'pidguard_audit_runs_total',
    help: 'Audits of this replica while it led, by result: clean, findings, incomplete (nothing found, parts not looked at), failed.',
    labelNames: ['result'],
    registers,
    collect() {
      this.reset()
      for (const [result, runs] of Object.entries(status()?.runs ?? {})) this.inc({ result }, runs)
    }
  })
  gauge(
    'pidguard_audit_findings',
    'Findings of the last audit by rule, namespace (empty: of none; (others): all but the 100 with the most) and level; never 0.',
    ['rule', 'namespace', 'level'],
    ({ totals }) =>
      totals.findings.map(({ ruleId, namespace, level, findings }) => [{ rule: ruleId, namespace, level }, findings])
  )
  gauge(
    'pidguard_audit_judged_objects',
    'Objects that each rule judged in the last audit; 0: it was not asked, or nothing was there for it.',
    ['rule'],
    ({ totals }) => totals.rules.map(({ ruleId, judged }) => [{ rule: ruleId }, judged])
  )
  gauge(
    'pidguard_audit_unjudged_objects',
    'Objects that each rule should have judged and could not, for want of a fact or because it failed.',
    ['rule'],
    ({ totals }) => totals.rules.map(({ ruleId, unjudged }) => [{ rule: ruleId }, unjudged])
  )
  gauge(
    'pidguard_audit_gaps',
    'Parts of the cluster that the last audit could not look at; the log says which.',
    [],
    ({ totals }) => [[{}, totals.gaps]]
  )
  gauge(
    'pidguard_audit_last_success_timestamp_seconds',
    'When the last audit that did not fail ended: how old all other figures of it are.',
    [],
    ({ endedAt }) => [[{}, endedAt / 1000]]
  )
  gauge('pidguard_audit_duration_seconds', 'How long that audit took.', [], ({ took }) => [[{}, took / 1000]])
}
