import { Registry } from 'prom-client'
import t from 'tap'
import type { AuditStatus } from '../../../src/audit/interval-audits.ts'
import { addAuditMetrics } from '../../../src/server/metrics/audit-metrics.ts'
import { totals } from '../../support/audit-totals.ts'

const runs = { clean: 1, findings: 4, incomplete: 0, failed: 2 }
const gap = (part: string) => ({ part, reason: 'forbidden', detail: 'HTTP 403', nodes: null })
const found: AuditStatus = {
  runs,
  last: {
    totals: totals({
      findings: [
        { ruleId: 'best-effort', namespace: 'shop', level: 'deny', findings: 3 },
        { ruleId: 'node-pid-max', namespace: '', level: 'audit', findings: 1 }
      ],
      rules: [
        { ruleId: 'best-effort', checked: 40, unchecked: 0 },
        { ruleId: 'host-pid', checked: 0, unchecked: 0 },
        { ruleId: 'node-pid-max', checked: 2, unchecked: 5 }
      ],
      gaps: 2,
      firstGaps: [gap('jobs.batch'), gap('nodes/configz')]
    }),
    endedAt: 1_795_000_000_500,
    took: 61_500
  }
}

function metrics(first: AuditStatus | undefined) {
  const registry = new Registry()
  const held = { status: first }
  addAuditMetrics(registry, () => held.status)
  const samples = async () =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return { held, samples }
}

const counts = [
  'pidguard_audit_runs_total{result="clean"} 1',
  'pidguard_audit_runs_total{result="findings"} 4',
  'pidguard_audit_runs_total{result="incomplete"} 0',
  'pidguard_audit_runs_total{result="failed"} 2'
]

void t.test('the last audit in figures; a rule that found nothing is told from one that was not asked', async (t) => {
  const { samples } = metrics(found)
  t.strictSame(await samples(), [
    ...counts,
    'pidguard_audit_findings{rule="best-effort",namespace="shop",level="deny"} 3',
    'pidguard_audit_findings{rule="node-pid-max",namespace="",level="audit"} 1',
    'pidguard_audit_checked_objects{rule="best-effort"} 40',
    'pidguard_audit_checked_objects{rule="host-pid"} 0',
    'pidguard_audit_checked_objects{rule="node-pid-max"} 2',
    'pidguard_audit_unchecked_objects{rule="best-effort"} 0',
    'pidguard_audit_unchecked_objects{rule="host-pid"} 0',
    'pidguard_audit_unchecked_objects{rule="node-pid-max"} 5',
    'pidguard_audit_gaps{part="nodes/configz"} 1',
    'pidguard_audit_gaps{part="other"} 1',
    'pidguard_audit_last_success_timestamp_seconds 1795000000.5',
    'pidguard_audit_duration_seconds 61.5'
  ])
})

void t.test('before the first audit, and after the lead is lost, there are counts and no figures', async (t) => {
  const { samples, held } = metrics({ runs, last: undefined })
  t.strictSame(await samples(), counts)
  held.status = found
  t.ok((await samples()).length > counts.length)
  held.status = { runs, last: undefined }
  t.strictSame(await samples(), counts)
})

void t.test('a process that does not audit says nothing of audits', async (t) => {
  t.strictSame(await metrics(undefined).samples(), [])
})
