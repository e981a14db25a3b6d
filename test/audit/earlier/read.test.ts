import t from 'tap'
import { readEarlier } from '../../../src/audit/earlier/read.ts'
import { renderAuditJson } from '../../../src/report/audit/audit-report.ts'
import { fullAudit } from '../../support/audits.ts'

t.test('a report is read back as it was', async (t) => {
  t.strictSame(readEarlier('a.json', renderAuditJson(fullAudit())), fullAudit())
})

t.test('a report from before `judged` was named `checked` is read, with all that is compared', async (t) => {
  const old = renderAuditJson(fullAudit()).replaceAll('"checked', '"judged')
  t.match(old, /"judgedByRule"/)
  const { findings, nodes, takenAt } = fullAudit()
  t.match(readEarlier('old.json', old), { findings, nodes, takenAt })
})

const wrong = [
  { name: 'no JSON', value: undefined, says: /found no JSON/ },
  { name: 'a list', value: [], says: /found none/ },
  {
    name: 'the report of validate',
    value: { apiVersion: 'pidguard.io/findings/v1', kind: 'Findings' },
    says: /found apiVersion pidguard.io\/findings\/v1, kind Findings/
  },
  { name: 'one that was cut', value: { ...fullAudit(), findings: undefined }, says: /misses parts/ },
  { name: 'a finding that is none', value: { ...fullAudit(), findings: [{}, 1] }, says: /misses parts/ },
  { name: 'a node that is none', value: { ...fullAudit(), nodes: ['a'] }, says: /misses parts/ }
]
for (const { name, value, says } of wrong) {
  t.test(`refused: ${name}`, async (t) => {
    const text = value === undefined ? '{' : JSON.stringify(value)
    t.throws(() => readEarlier('a.json', text), { code: 'ERR_USAGE', message: says })
  })
}
