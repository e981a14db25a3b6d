import t from 'tap'
import type { AuditFinding, AuditReport } from '../../../src/report/audit/audit-report.ts'
import {
  mostNamespaces,
  otherNamespaces,
  readAuditTotals,
  renderAuditTotals,
  totalsOf
} from '../../../src/report/audit/totals.ts'
import { totals } from '../../support/audit-totals.ts'
import { cleanAudit, fullAudit } from '../../support/audits.ts'

void t.test('findings by rule, namespace and level; rules by what they checked and what they could not', async (t) => {
  const held = totalsOf(fullAudit())
  t.strictSame(held.findings, [
    { ruleId: 'best-effort', namespace: 'a"b', level: 'deny', findings: 1 },
    { ruleId: 'calico-update-strategy', namespace: 'kube-system', level: 'change', findings: 1 },
    { ruleId: 'node-kubepods-drift', namespace: '', level: 'audit', findings: 1 },
    { ruleId: 'pod-thread-outlier', namespace: 'shop', level: 'audit', findings: 1 }
  ])
  t.strictSame(held.rules, [
    { ruleId: 'best-effort', checked: 31, unchecked: 1 },
    { ruleId: 'calico-update-strategy', checked: 1, unchecked: 0 },
    { ruleId: 'pod-thread-outlier', checked: 6, unchecked: 0 },
    { ruleId: 'node-kubepods-drift', checked: 2, unchecked: 0 },
    { ruleId: 'node-pid-eviction', checked: 0, unchecked: 1 }
  ])
  t.match(held, { exitCode: 1, complete: false, gaps: 2, folded: 0 })
  t.equal(held.firstGaps[0]?.part, 'nodes/configz')
})

void t.test('a clean audit has no finding and is complete', async (t) => {
  t.match(totalsOf(cleanAudit()), { exitCode: 0, complete: true, findings: [], gaps: 0, firstGaps: [] })
})

/** `findings` of one rule in each of so many namespaces, and one that belongs to none. */
function wide(namespaces: number): AuditReport {
  const report = fullAudit()
  const [first] = report.findings
  const of = (namespace: string): AuditFinding => ({
    ...(first as AuditFinding),
    object: { apiVersion: 'v1', kind: 'Pod', namespace, name: 'a' }
  })
  const names = Array.from({ length: namespaces }, (_, at) => `ns-${String(at).padStart(5, '0')}`)
  // The last one has it worst.
  const findings = ['', ...names, ...names.slice(-1)].map(of)
  const counts = { deny: 1, warn: 0, change: 0, audit: 0 }
  const byNamespace = ['', ...names].map((namespace) => ({
    namespace,
    ...counts,
    deny: namespace === names.at(-1) ? 2 : 1
  }))
  return { ...report, findings, summary: { ...report.summary, byNamespace } }
}

void t.test(
  'at the limit every namespace is told; past it the ones with the most, and all others together',
  async (t) => {
    const at = totalsOf(wide(mostNamespaces))
    t.equal(at.folded, 0)
    t.equal(at.findings.length, mostNamespaces + 1)
    const past = totalsOf(wide(mostNamespaces + 3))
    t.equal(past.folded, 3)
    t.equal(past.findings.length, mostNamespaces + 2)
    const of = (namespace: string) => past.findings.find((each) => each.namespace === namespace)?.findings
    t.equal(of(otherNamespaces), 3)
    t.equal(of(''), 1, 'what belongs to none is never folded')
    t.equal(of('ns-00102'), 2, 'nor what has it worst')
    t.equal(
      past.findings.reduce((sum, { findings }) => sum + findings, 0),
      mostNamespaces + 5,
      'nothing is lost'
    )
  }
)

void t.test('what is written is read again, and is small', async (t) => {
  const report = wide(10_000)
  const text = renderAuditTotals(report)
  t.ok(text.length < 20_000, `${text.length}`)
  t.strictSame(readAuditTotals(text), totalsOf(report))
})

const wrong: Readonly<Record<string, string>> = {
  nothing: '',
  'half of it': renderAuditTotals(fullAudit()).slice(0, 100),
  'another document': '{"apiVersion":"pidguard.io/audit/v1","kind":"Audit"}',
  'a list': '[]',
  'counts that are none': JSON.stringify(totals({ gaps: -1 })),
  'a rule without counts': JSON.stringify({ ...totals(), rules: [{ ruleId: 'a' }] }),
  'a level that is none': JSON.stringify({
    ...totals(),
    findings: [{ ruleId: 'a', namespace: '', level: 'fatal', findings: 1 }]
  }),
  'a finding without a namespace': JSON.stringify({
    ...totals(),
    findings: [{ ruleId: 'a', level: 'deny', findings: 1 }]
  })
}
for (const [name, text] of Object.entries(wrong)) {
  void t.test(`${name} is no total`, async (t) => {
    t.equal(readAuditTotals(text), undefined)
  })
}
