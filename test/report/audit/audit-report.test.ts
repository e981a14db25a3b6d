import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { auditApiVersion, identityOf, isComplete, renderAuditJson } from '../../../src/report/audit/audit-report.ts'
import { cleanAudit, fullAudit } from '../../support/audits.ts'

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../../manifests/audit.schema.json'), 'utf8'))
const isValid = new Ajv2020({ formats: { 'date-time': true } }).compile(schema)

void t.test('every report is what its schema says', async (t) => {
  for (const report of [fullAudit(), cleanAudit()]) {
    const written = JSON.parse(renderAuditJson(report))
    t.ok(isValid(written), JSON.stringify(isValid.errors))
    t.equal(written.apiVersion, auditApiVersion)
    t.strictSame(written, report, 'nothing is lost on the way')
  }
})

void t.test('the schema refuses what it does not know', async (t) => {
  const written = JSON.parse(renderAuditJson(cleanAudit()))
  t.notOk(isValid({ ...written, more: 1 }))
  t.notOk(isValid({ ...written, apiVersion: 'pidguard.io/audit/v2' }))
  t.notOk(isValid({ ...written, exitCode: 2 }))
})

void t.test('an audit is complete when nothing was left out', async (t) => {
  const clean = cleanAudit()
  const { gaps, skips, faults } = fullAudit()
  t.equal(isComplete(clean), true)
  for (const part of [{ gaps }, { skips }, { faults }]) t.equal(isComplete({ ...clean, ...part }), false)
})

void t.test('a finding is known again by rule, object and field, whatever its values', async (t) => {
  const [first, second] = fullAudit().findings
  if (first === undefined || second === undefined) throw new Error('expected two findings')
  t.equal(identityOf(first), identityOf({ ...first, detail: 'other' } as typeof first))
  t.not(identityOf(first), identityOf(second))
  t.not(identityOf(first), identityOf({ ...first, pointer: '/other' }))
})

void t.test('a number in a list is no part of what a finding is known by', async (t) => {
  const [first] = fullAudit().findings
  if (first === undefined) throw new Error('expected a finding')
  const at = (pointer: string, field: string) => identityOf({ ...first, pointer, field })
  t.equal(
    at('/spec/containers/0/args', '/spec/containers/app/args'),
    at('/spec/containers/1/args', '/spec/containers/app/args')
  )
  t.not(
    at('/spec/containers/0/args', '/spec/containers/app/args'),
    at('/spec/containers/0/args', '/spec/containers/b/args')
  )
})
