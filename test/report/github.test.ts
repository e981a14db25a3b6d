import t from 'tap'
import { renderGithub } from '../../src/report/github.ts'
import { cleanReport, fullReport } from '../support/reports.ts'

void t.test('an annotation is one line, whatever its text holds', async (t) => {
  const lines = renderGithub(fullReport()).trimEnd().split('\n')
  t.ok(lines.every((line) => /^::(error|warning|notice) /.test(line)))
  t.equal(lines.length, 10)
})

void t.test('what denies comes before what warns; what a baseline accepts does not come', async (t) => {
  const commands = renderGithub(fullReport())
    .split('\n')
    .filter((line) => line.includes('found wanting'))
    .map((line) => line.slice(2, line.indexOf(' ')))
  t.strictSame(commands, ['error', 'warning', 'notice'])
})

void t.test('a clean run says so', async (t) => {
  t.equal(
    renderGithub(cleanReport()),
    '::notice title=pidguard::1 file, 1 object, 1 checked; 0 would be denied, 0 warnings\n'
  )
})
