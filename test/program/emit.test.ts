// The built program: pidguard emit.
import { join } from 'node:path'
import t from 'tap'
import { runProgram } from '../support/program.ts'

void t.test('emit prints the policies of the built-in policy document', async (t) => {
  const { code, stdout, stderr } = await runProgram(['emit'])
  t.strictSame([code, stderr], [0, ''])
  t.match(stdout, /^# Made by pidguard emit\. /)
  t.match(stdout, 'name: best-effort.pods.pidguard.io')
})

void t.test('its options are part of the command that makes it again', async (t) => {
  const args = ['emit', '--kubernetes-version', '1.37', '--no-limit-ranges', '--static', 'validating']
  const { code, stdout } = await runProgram(args)
  t.equal(code, 0)
  t.match(stdout, '# Made by pidguard emit --kubernetes-version 1.37 --no-limit-ranges --static validating.')
  t.match((await runProgram(['emit', '--fallback'])).stdout, 'name: unmark.pidguard.io')
})

void t.test('a server without such policies, and a policy with mistakes, end with exit code 2', async (t) => {
  const old = await runProgram(['emit', '--kubernetes-version', '1.29'])
  t.strictSame([old.code, old.stdout], [2, ''])
  t.match(old.stderr, 'v1.30')
  const wrong = await runProgram(['emit', '--policy', join(t.testdir({ 'policy.yaml': 'kind: Pod\n' }), 'policy.yaml')])
  t.equal(wrong.code, 2)
})
