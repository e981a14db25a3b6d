// The built program: pidguard policy.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runProgram } from '../support/program.ts'

void t.test('check accepts the default policy, which it prints itself', async (t) => {
  const file = join(t.testdir({}), 'policy.yaml')
  const printed = await runProgram(['policy', 'default'])
  t.equal(printed.code, 0)
  writeFileSync(file, printed.stdout)
  t.strictSame(await runProgram(['policy', 'check', file]), {
    code: 0,
    stdout: `${file}: a valid policy\n`,
    stderr: ''
  })
})

void t.test('check reports every mistake with its line, and exit code 2', async (t) => {
  const file = join(t.testdir({ 'policy.yaml': 'apiVersion: v1\nkind: Pod\n' }), 'policy.yaml')
  const { code, stdout, stderr } = await runProgram(['policy', 'check', file])
  t.strictSame([code, stdout], [2, ''])
  t.match(stderr, /policy\.yaml:1:\d+/)
  t.match(stderr, /policy\.yaml:2:\d+/)
})

void t.test('check warns of an exemption that a tenant can claim', async (t) => {
  const policy = `apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  exemptions: [{rules: [best-effort], names: ['report-*'], reason: a report of old, expires: 2999-01-31}]
`
  const file = join(t.testdir({ 'policy.yaml': policy }), 'policy.yaml')
  const { code, stdout } = await runProgram(['policy', 'check', file])
  t.equal(code, 0)
  t.match(stdout, /: a valid policy\nwarning: the exemption "a report of old" holds in every namespace: /)
})

void t.test('schema prints a JSON schema', async (t) => {
  const { code, stdout } = await runProgram(['policy', 'schema'])
  t.equal(code, 0)
  t.match(JSON.parse(stdout), { $schema: /json-schema\.org/ })
})
