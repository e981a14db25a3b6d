import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { validateXML } from 'xmllint-wasm'
import { renderJunit } from '../../src/report/junit.ts'
import { cleanReport, fullReport } from '../support/reports.ts'

/** The schema that Jenkins publishes and other readers follow; MIT. */
const schema = readFileSync(join(import.meta.dirname, '../fixtures/junit.xsd'), 'utf8')

void t.test('every report is valid by the JUnit schema', async (t) => {
  const { skips } = fullReport()
  for (const report of [fullReport(), cleanReport(), { ...cleanReport(), skips }]) {
    const result = await validateXML({ xml: { fileName: 'report.xml', contents: renderJunit(report) }, schema })
    t.strictSame(result.errors, [])
    t.equal(result.valid, true)
  }
})

void t.test('what fails the run is a failure, what could not be read an error, what is accepted skipped', async (t) => {
  const xml = renderJunit(fullReport())
  const count = (name: string): number => xml.split(`<${name} `).length + xml.split(`<${name}>`).length - 2
  t.strictSame(['failure', 'error', 'skipped', 'system-out'].map(count), [3, 3, 3, 1])
})

void t.test('a clean run is a test that passed', async (t) => {
  t.match(renderJunit(cleanReport()), /tests="1" failures="0" errors="0" skipped="0"/)
})

void t.test('what was skipped is a test that was skipped, and passes only where the run does', async (t) => {
  const { skips } = fullReport()
  const skipped =
    '<skipped>skipped: pid-headroom on 3 objects: headroom not known; give --snapshot FILE or --kubeconfig FILE</skipped>'
  const passing = renderJunit({ ...cleanReport(), skips })
  t.match(passing, /tests="2" failures="0" errors="0" skipped="1"/)
  t.match(passing, skipped)
  const incomplete = renderJunit({ ...cleanReport(), skips, exitCode: 4 })
  t.match(incomplete, /<testsuite name="pidguard" tests="1" failures="0" errors="0" skipped="1">/)
  t.match(incomplete, skipped)
})
