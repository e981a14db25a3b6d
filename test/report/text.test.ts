import t from 'tap'
import { coloured, renderText } from '../../src/report/text.ts'
import { cleanReport, fullReport } from '../support/reports.ts'

// test/repo/generated.test.ts holds the whole text to test/golden.
void t.test('the mark stands under its word, tabs before it included', async (t) => {
  const lines = renderText(fullReport()).split('\n')
  const at = lines.findIndex((line) => line.endsWith('\t\thostPID: true'))
  t.equal(lines[at + 1], '    | \t\t^^^^')
})

void t.test('what to do is said once for each rule', async (t) => {
  const report = fullReport()
  const [finding] = report.findings
  if (finding === undefined) throw new Error('the report has findings')
  const text = renderText({ ...report, findings: [finding, finding] })
  t.equal(text.split('help: Set it right.').length, 2)
})

void t.test('without paint there is no escape sequence, with it there is', async (t) => {
  t.notMatch(renderText(fullReport()), '\u001b')
  t.match(renderText(cleanReport(), coloured), '\u001b[32m')
})

void t.test('a manifest cannot speak to the terminal', async (t) => {
  const report = fullReport()
  const problems = [
    { message: 'a\u001b[2Jb\u0007', place: { file: 'a.yaml', line: 1, column: 1, length: 1, excerpt: '\u009b31m' } }
  ]
  const text = renderText({ ...report, problems })
  for (const character of ['\u001b', '\u0007', '\u009b']) t.notOk(text.includes(character))
})
