import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { findingsApiVersion, renderJson } from '../../src/report/json.ts'
import { cleanReport, fullReport } from '../support/reports.ts'

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../manifests/findings.schema.json'), 'utf8'))
const isValid = new Ajv2020().compile(schema)

void t.test('every report is what its schema says', async (t) => {
  for (const report of [fullReport(), cleanReport()]) {
    const written = JSON.parse(renderJson(report))
    t.ok(isValid(written), JSON.stringify(isValid.errors))
    t.equal(written.apiVersion, findingsApiVersion)
  }
})

void t.test('the schema refuses what it does not know', async (t) => {
  const written = JSON.parse(renderJson(cleanReport()))
  t.notOk(isValid({ ...written, more: 1 }))
  t.notOk(isValid({ ...written, apiVersion: 'pidguard.io/findings/v2' }))
})

void t.test('lines of the file do not travel: they may hold a secret', async (t) => {
  t.notMatch(renderJson(fullReport()), 'name: app')
})
