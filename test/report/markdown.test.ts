import t from 'tap'
import { renderMarkdown } from '../../src/report/markdown.ts'
import { cleanReport, fullReport } from '../support/reports.ts'

void t.test('nothing out of a manifest becomes markup or a mention', async (t) => {
  const text = renderMarkdown(fullReport())
  t.notMatch(text, /[^\\]@all/)
  t.notMatch(text, /[^\\]<b>/)
  t.notMatch(text, /[^\\]\[x\]/)
})

void t.test('a long table is cut and says so', async (t) => {
  const report = fullReport()
  const [finding] = report.findings
  if (finding === undefined) throw new Error('the report has findings')
  const text = renderMarkdown({ ...report, findings: Array.from({ length: 201 }, () => finding) })
  t.equal(text.split('\n').filter((line) => line.startsWith('| deny')).length, 200)
  t.match(text, 'and 1 more')
})

void t.test('a clean report is two lines', async (t) => {
  t.equal(renderMarkdown(cleanReport()).split('\n\n').length, 2)
})
