import t from 'tap'
import type { AuditFinding } from '../../../src/report/audit/audit-report.ts'
import {
  mostResults,
  reportName,
  reportObject,
  rulesOf,
  type WorkloadReport,
  workloadReportsOf
} from '../../../src/report/audit/policy-report.ts'
import { auditFinding, fullAudit, shopWeb } from '../../support/audits.ts'
import { openReport, policyReport } from '../../support/report-store.ts'

const at = '2026-11-21T10:55:30.000Z'

function reportOf(findings: readonly AuditFinding[], change: Partial<WorkloadReport> = {}): WorkloadReport {
  return { object: shopWeb, findings, faults: [], unchecked: [], ...change }
}

interface Written {
  readonly metadata: {
    readonly name: string
    readonly annotations: Record<string, string>
    readonly ownerReferences?: object[]
  }
  readonly summary: object
  readonly results?: readonly { readonly message: string; readonly timestamp: object }[]
}

function written(report: WorkloadReport, kind = policyReport, content: 'failures' | 'summary' = 'failures'): Written {
  return reportObject(report, kind, content, 'uid-1', at).object as Written
}

void t.test('a PolicyReport of a workload: who, what, where, how bad, and to whom it belongs', async (t) => {
  const object = written(reportOf([auditFinding({ children: 3 })]))
  const { name, annotations } = object.metadata
  t.match(name, /^pidguard-deployment-web-[0-9a-f]{10}$/)
  t.strictSame(object, {
    apiVersion: 'wgpolicyk8s.io/v1alpha2',
    kind: 'PolicyReport',
    metadata: {
      name,
      namespace: 'shop',
      labels: { 'app.kubernetes.io/managed-by': 'pidguard' },
      annotations: { 'pidguard.io/rules': 'best-effort', 'pidguard.io/digest': annotations['pidguard.io/digest'] },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'uid-1' }]
    },
    scope: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace: 'shop' },
    summary: { fail: 1, warn: 0, error: 0, skip: 0 },
    results: [
      {
        source: 'pidguard',
        policy: 'pidguard',
        rule: 'best-effort',
        result: 'fail',
        message: 'QoS class BestEffort: no requests',
        severity: 'high',
        scored: true,
        properties: { level: 'deny', pointer: '/spec/template/spec/containers/0/resources', pods: '3' },
        timestamp: { seconds: 1_795_258_530, nanos: 0 }
      }
    ]
  })
})

void t.test('only what would be denied fails; the rest warns, by how bad it is', async (t) => {
  const levels = ['deny', 'warn', 'change', 'audit'] as const
  const object = written(reportOf(levels.map((level) => auditFinding({ level }))))
  t.match(object.results, [
    { result: 'fail', severity: 'high', scored: true },
    { result: 'warn', severity: 'medium', scored: false },
    { result: 'warn', severity: 'medium', scored: false },
    { result: 'warn', severity: 'low', scored: false }
  ])
  t.strictSame(
    object.summary,
    { fail: 1, warn: 3, error: 0, skip: 0 },
    'what passed is not counted, so it is no number'
  )
})

void t.test(
  'what failed is an error, and what could not be checked again is skipped: neither has passed',
  async (t) => {
    const fault = { ruleId: 'pid-annotations', mode: 'enforce' as const, message: 'the rule failed', object: shopWeb }
    const report = reportOf([], { faults: [fault], unchecked: ['pod-thread-outlier'] })
    t.match(written(report), {
      summary: { fail: 0, warn: 0, error: 1, skip: 1 },
      results: [
        { rule: 'pid-annotations', result: 'error' },
        { rule: 'pod-thread-outlier', result: 'skip' }
      ]
    })
    t.strictSame(rulesOf(report), ['pid-annotations', 'pod-thread-outlier'])
  }
)

void t.test('Reports of openreports.io say their source at the top', async (t) => {
  t.match(written(reportOf([auditFinding()]), openReport), {
    apiVersion: 'openreports.io/v1alpha1',
    kind: 'Report',
    source: 'pidguard'
  })
})

void t.test('a summary counts all and shows none', async (t) => {
  const object = written(reportOf([auditFinding(), auditFinding({ level: 'warn' })]), policyReport, 'summary')
  t.strictSame(object.summary, { fail: 1, warn: 1, error: 0, skip: 0 })
  t.notOk('results' in object)
})

void t.test('a report is bounded: in results, of which it says how many are left out, and in words', async (t) => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => auditFinding({ detail: 'x'.repeat(5_000 + n) }))
  const full = written(reportOf(many(mostResults)))
  t.equal(full.results?.length, mostResults)
  t.notOk('pidguard.io/results-omitted' in full.metadata.annotations)
  const over = written(reportOf(many(mostResults + 1)))
  t.equal(over.results?.length, mostResults)
  t.equal(over.metadata.annotations['pidguard.io/results-omitted'], '1')
  t.match(over.summary, { fail: mostResults + 1 })
  t.equal(over.results?.[0]?.message.length, 1_000)
  t.ok(JSON.stringify(over).length < 100_000, 'far below what etcd takes')
})

void t.test('the digest follows what is said, not when', async (t) => {
  const digest = (
    findings: AuditFinding[],
    uid: string | undefined = 'uid-1',
    when = at,
    content = 'failures' as const
  ) => reportObject(reportOf(findings), policyReport, content, uid, when).digest
  const first = digest([auditFinding()])
  t.equal(digest([auditFinding()], 'uid-1', '2026-11-22T10:55:30.000Z'), first)
  t.not(digest([auditFinding({ detail: 'other' })]), first)
  t.not(digest([auditFinding()], 'uid-2'), first, 'a workload made anew has its report anew')
  t.not(reportObject(reportOf([auditFinding()]), policyReport, 'summary', 'uid-1', at).digest, first)
})

void t.test('without a uid, or a version of the workload, nobody owns the report', async (t) => {
  const noUid = reportObject(reportOf([auditFinding()]), policyReport, 'failures', undefined, at).object as Written
  t.notOk('ownerReferences' in noUid.metadata)
  const unknown = reportOf([auditFinding()], { object: { ...shopWeb, apiVersion: '' } })
  const object = written(unknown)
  t.notOk('ownerReferences' in object.metadata)
  t.notOk('apiVersion' in (object as unknown as { scope: object }).scope)
})

void t.test('names are valid whatever the workload is called, and differ where workloads do', async (t) => {
  const names = ['web', 'web.', 'WEB', 'a'.repeat(253), `${'a'.repeat(252)}b`, '../../x', 'é'].map((name) =>
    reportName({ ...shopWeb, name })
  )
  t.equal(new Set(names).size, names.length)
  for (const name of names) {
    t.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
    t.ok(name.length <= 253, `${name.length} characters`)
  }
  t.not(reportName({ ...shopWeb, kind: 'StatefulSet' }), reportName(shopWeb))
  t.equal(reportName({ ...shopWeb, apiVersion: 'apps/v1beta1' }), reportName(shopWeb), 'versions come and go')
})

void t.test('findings and failures of one object are one report, in the order of objects', async (t) => {
  const audit = fullAudit()
  const reports = [...workloadReportsOf(audit).values()]
  t.equal(
    reports.reduce((sum, { findings }) => sum + findings.length, 0),
    audit.findings.length
  )
  t.equal(
    reports.reduce((sum, { faults }) => sum + faults.length, 0),
    audit.faults.length
  )
  t.strictSame([...workloadReportsOf(audit).keys()], [...workloadReportsOf(audit).keys()].toSorted())
})
