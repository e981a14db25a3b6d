import t from 'tap'
import { Coverage } from '../../../src/audit/coverage.ts'
import { compare } from '../../../src/audit/earlier/compare.ts'
import type { AuditFinding, AuditReport } from '../../../src/report/audit/audit-report.ts'
import { auditFinding, cleanAudit, fullAudit } from '../../support/audits.ts'

const all = new Coverage([])

function finding(name: string, change: Partial<AuditFinding> = {}): AuditFinding {
  const object = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name }
  return auditFinding({ object, pointer: '/spec', ...change })
}

function earlier(...findings: AuditFinding[]): AuditReport {
  return { ...cleanAudit(), findings }
}

t.test('new, unchanged and fixed', async (t) => {
  const { findings, since } = compare([finding('a'), finding('b')], earlier(finding('b'), finding('c')), all)
  t.strictSame(
    findings.map(({ object, change }) => `${object.name} ${change}`),
    ['a new', 'b unchanged']
  )
  t.match(since, { new: 1, unchanged: 1, fixed: [{ object: { name: 'c' } }], unknown: 0 })
})

t.test('other values, another level or other pods are the same finding', async (t) => {
  const { since } = compare([finding('a', { detail: 'x', level: 'warn', children: 3 })], earlier(finding('a')), all)
  t.match(since, { new: 0, unchanged: 1, fixed: [] })
})

t.test('another field of the same object is another finding', async (t) => {
  const { since } = compare([finding('a', { pointer: '/spec/x' })], earlier(finding('a')), all)
  t.match(since, { new: 1, unchanged: 0, fixed: [{ pointer: '/spec' }] })
})

t.test('what could not be looked for is not fixed', async (t) => {
  const before = earlier(finding('a'), finding('b', { ruleId: 'node-pid-usage' }))
  const noPods = new Coverage([])
  noPods.markUnread({ kind: 'Pod', reason: 'forbidden' })
  t.match(compare([], before, noPods).since, { fixed: [], unknown: 2 })
  const partly = new Coverage([])
  partly.markUnchecked('node-pid-usage', finding('b').object)
  t.match(compare([], before, partly).since, { fixed: [{ ruleId: 'best-effort' }], unknown: 1 })
})

t.test('it keeps what the nodes used then', async (t) => {
  const { since } = compare([], fullAudit(), all)
  t.equal(since.takenAt, fullAudit().takenAt)
  t.strictSame(
    since.nodes.map(({ node }) => node),
    ['node-a', 'node-b', 'node-c']
  )
})
