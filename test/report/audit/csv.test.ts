import t from 'tap'
import { renderAuditCsv } from '../../../src/report/audit/csv.ts'
import { cleanAudit, fullAudit } from '../../support/audits.ts'

t.test('a line for each finding, commas and quotes kept in their cell', async (t) => {
  const text = renderAuditCsv(fullAudit())
  t.match(text, /^level,rule,kind,namespace,name,pods,reason,detail,pointer,change,remedy\r\n/)
  t.match(text, '"a""b"')
  t.match(text, '"kubepods 1500, node 32768"')
  t.equal(renderAuditCsv(cleanAudit()).trimEnd().split('\r\n').length, 1)
})

t.test('a spreadsheet takes no text for a formula', async (t) => {
  const [first] = fullAudit().findings
  if (first === undefined) throw new Error('expected a finding')
  for (const detail of ['=1+1', '+1', '-1', '@x', '\t=1']) {
    const text = renderAuditCsv({ ...fullAudit(), findings: [{ ...first, detail }] })
    t.match(text, `,'${detail}`)
  }
})
