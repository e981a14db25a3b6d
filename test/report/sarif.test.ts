import type { Log } from 'sarif'
import t from 'tap'
import { renderSarif } from '../../src/report/sarif.ts'
import { cleanReport, fullReport, somePlace } from '../support/reports.ts'

// The type Log is made from the schema of SARIF 2.1.0, and the compiler holds renderSarif to it. What a type cannot say
// is held here: the constraints of the schema on values.
function logOf(report = fullReport()): Log {
  return JSON.parse(renderSarif(report)) as Log
}

void t.test('the log names its version and one run', async (t) => {
  t.match(logOf(), { version: '2.1.0', $schema: /sarif-schema-2\.1\.0\.json$/ })
  t.equal(logOf().runs.length, 1)
})

void t.test('every result points to the rule it names', async (t) => {
  const [run] = logOf().runs
  for (const { ruleId, ruleIndex } of run?.results ?? []) {
    t.equal(run?.tool.driver.rules?.[ruleIndex ?? -1]?.id, ruleId)
  }
})

void t.test('deny is an error, warn a warning, audit a note; what a baseline accepts is suppressed', async (t) => {
  t.strictSame(
    logOf().runs[0]?.results?.map(({ level, suppressions }) => [level, suppressions?.[0]?.justification]),
    [
      ['error', undefined],
      ['error', 'leaves in spring'],
      ['warning', undefined],
      ['note', undefined],
      ['warning', undefined]
    ]
  )
})

void t.test('regions count from 1 and end after they start; a whole file has none', async (t) => {
  const [run] = logOf().runs
  const notifications = run?.invocations?.[0]?.toolExecutionNotifications ?? []
  // What was skipped was so in no one place.
  const places = [...(run?.results ?? []), ...notifications.filter(({ level }) => level === 'error')]
  const regions = places.map(({ locations }) => locations?.[0]?.physicalLocation?.region)
  t.equal(regions.filter((region) => region === undefined).length, 1)
  for (const region of regions.filter((found) => found !== undefined)) {
    t.ok((region.startLine ?? 0) >= 1 && (region.startColumn ?? 0) >= 1)
    t.ok((region.endColumn ?? 0) > (region.startColumn ?? 0))
  }
})

void t.test('a path becomes a URI', async (t) => {
  const uriOf = (file: string): string | undefined => {
    const report = fullReport()
    const [finding] = report.findings
    const place = { ...somePlace, file }
    return logOf({ ...report, findings: finding === undefined ? [] : [{ ...finding, place }] }).runs[0]?.results?.[0]
      ?.locations?.[0]?.physicalLocation?.artifactLocation?.uri
  }
  t.equal(uriOf('shop/web deploy#1.yaml'), 'shop/web%20deploy%231.yaml')
  t.equal(uriOf('/srv/a.yaml'), 'file:///srv/a.yaml')
  t.equal(uriOf('shop\\a.yaml'), 'shop/a.yaml')
})

void t.test('a run that could not read everything was not successful', async (t) => {
  t.match(logOf().runs[0]?.invocations, [{ executionSuccessful: false, exitCode: 2 }])
  t.match(logOf(cleanReport()).runs[0]?.invocations, [{ executionSuccessful: true, exitCode: 0 }])
})

void t.test('a rule the report does not know has no index', async (t) => {
  const [result] = logOf({ ...fullReport(), rules: [] }).runs[0]?.results ?? []
  t.equal(result?.ruleIndex, undefined)
})

void t.test('what was skipped is a warning, and the run went as it should', async (t) => {
  const { skips } = fullReport()
  t.match(logOf({ ...cleanReport(), skips, exitCode: 4 }).runs[0]?.invocations, [
    {
      executionSuccessful: true,
      exitCode: 4,
      toolExecutionNotifications: [
        {
          level: 'warning',
          message: { text: 'skipped: pid-headroom on 3 objects: headroom not known' },
          associatedRule: { id: 'pid-headroom' }
        }
      ]
    }
  ])
})

void t.test('a finding is known again by the names of its field, and no two by the same', async (t) => {
  const [finding] = fullReport().findings
  if (finding === undefined) throw new Error('expected a finding')
  const printsOf = (...fields: string[]) =>
    logOf({
      ...fullReport(),
      changes: [],
      findings: fields.map((field, at) => ({ ...finding, pointer: `/spec/containers/${at}`, field }))
    }).runs[0]?.results?.map(({ partialFingerprints }) => partialFingerprints?.['object/v2'])
  const prefix = 'best-effort Deployment shop web /spec/containers'
  t.strictSame(printsOf('/spec/containers/app'), [`${prefix}/app`])
  t.strictSame(printsOf('/spec/containers/proxy', '/spec/containers/app'), [`${prefix}/proxy`, `${prefix}/app`])
  t.strictSame(printsOf('/spec/containers/*', '/spec/containers/*'), [`${prefix}/*`, `${prefix}/* 2`])
})
