import t from 'tap'
import { byLevel, byThreshold, findingsReportOf } from '../../../src/report/audit/as-validate-report.ts'
import { renderJunit } from '../../../src/report/junit.ts'
import { renderSarif } from '../../../src/report/sarif.ts'
import { cleanAudit, fullAudit } from '../../support/audits.ts'

t.test('levels become those of a run over files; what is mended is a warning', async (t) => {
  const { findings } = findingsReportOf(fullAudit(), byLevel)
  t.strictSame(
    findings.map(({ action }) => action),
    ['deny', 'warn', 'audit', 'audit']
  )
  t.match(findings[0], { remedy: /BestEffort pods/, detail: /; 12 of its pods$/, place: { line: 0 } })
  t.match(findings[1]?.detail, /Type=RollingUpdate$|type=RollingUpdate$/)
})

t.test('a test fails where the run does: by threshold, and only for what is new', async (t) => {
  const failing = (failOn: 'deny' | 'audit') => {
    const report = { ...fullAudit(), failOn }
    return findingsReportOf(report, byThreshold(report)).findings.filter(({ action }) => action === 'deny').length
  }
  t.equal(failing('deny'), 1)
  t.equal(failing('audit'), 3, 'the fourth was there before')
})

t.test('what could not be read is an error in both formats', async (t) => {
  const report = findingsReportOf(fullAudit(), byLevel)
  const { runs } = JSON.parse(renderSarif(report))
  t.equal(runs[0].invocations[0].executionSuccessful, false)
  t.match(renderJunit(report), 'nodes/configz could not be read on 3 nodes: forbidden')
  t.match(renderJunit(findingsReportOf(cleanAudit(), byLevel)), 'failures="0" errors="0"')
})

t.test('an audit that is incomplete for what it skipped is green in neither format', async (t) => {
  const { skips } = fullAudit()
  const report = findingsReportOf({ ...cleanAudit(), skips, exitCode: 4 }, byLevel)
  t.match(JSON.parse(renderSarif(report)).runs[0].invocations[0].toolExecutionNotifications, [{ level: 'warning' }])
  t.match(renderJunit(report), 'tests="1" failures="0" errors="0" skipped="1"')
})
