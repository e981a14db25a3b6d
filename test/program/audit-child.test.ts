import { readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type AuditChild, runAuditChild } from '../../src/host/audit-child.ts'
import { totals } from '../support/audit-totals.ts'
import { until } from '../support/fake-api.ts'

const program = join(import.meta.dirname, '../../dist/main.js')
const snapshot = join(import.meta.dirname, '../fixtures/snapshots/kubepods-full.yaml')
const never = new AbortController().signal

/** Of any program. Other tests run meanwhile: a child that went last for the processor would wait until they are done. */
function child(program: string, args: string[], change: Partial<AuditChild> = {}): AuditChild {
  return { program, args, env: process.env, timeout: 120_000, heap: 384, niceness: 0, ...change }
}

/** Runs a program of the test in the audit's place. */
function written(t: Test, code: string, change: Partial<AuditChild> = {}): AuditChild {
  const folder = t.testdir({ 'main.mjs': code })
  return child(join(folder, 'main.mjs'), [folder], change)
}

void t.test('a real audit, of a snapshot: its totals', async (t) => {
  const args = ['audit', '--snapshot', snapshot, '--output=totals', '--fail-on=audit']
  const outcome = await runAuditChild(child(program, args), never)
  t.match(outcome, { totals: { kind: 'AuditTotals', exitCode: 1 } })
  if ('failure' in outcome) return t.fail(outcome.failure)
  const { findings, rules } = outcome.totals
  t.ok(findings.some(({ ruleId, namespace }) => ruleId === 'pod-thread-outlier' && namespace === 'default'))
  t.ok(findings.some(({ ruleId, namespace }) => ruleId === 'node-kubepods-drift' && namespace === ''))
  t.ok(rules.some(({ ruleId, checked }) => ruleId === 'node-kubepods-drift' && checked > 0))
  t.ok(
    rules.some(({ ruleId, unchecked }) => ruleId === 'node-pod-pids-limit' && unchecked > 0),
    'skipped is not passed'
  )
})

void t.test('an audit that cannot reach what it is to look at is a failure, with what it said', async (t) => {
  const args = ['audit', '--output=totals', '--kubeconfig=/no/such/file']
  const outcome = await runAuditChild(child(program, args), never)
  t.match(outcome, { failure: /^exit code 2: pidguard: .*\/no\/such\/file/s })
})

void t.test('findings, and an audit that could not look at everything, are results as well', async (t) => {
  for (const exitCode of [0, 1, 4] as const) {
    const printed = JSON.stringify(totals({ exitCode, complete: exitCode !== 4 }))
    const code = `console.log('${printed}'); process.exitCode = ${exitCode}`
    t.match(await runAuditChild(written(t, code), never), { totals: { exitCode } }, `exit code ${exitCode}`)
  }
  for (const exitCode of [2, 3, 5]) {
    const code = `console.log('${JSON.stringify(totals())}'); process.exitCode = ${exitCode}`
    t.match(await runAuditChild(written(t, code), never), { failure: `exit code ${exitCode}` })
  }
})

const good = JSON.stringify(totals())
const failures: { name: string; code: string; want: RegExp }[] = [
  { name: 'nothing printed', code: '', want: /^exit code 0, and its output is not what it should be$/ },
  { name: 'half of it printed', code: `process.stdout.write('${good.slice(0, 50)}')`, want: /output is not what/ },
  { name: 'a crash', code: "throw new Error('boom')", want: /^exit code 1, and its output .*boom/s },
  { name: 'a crash after the report', code: `console.log('${good}'); process.exitCode = 134`, want: /^exit code 134$/ },
  {
    name: 'a code that its report does not say',
    code: `console.log('${good}'); process.exitCode = 1`,
    want: /says 0$/
  },
  { name: 'killed', code: "process.kill(process.pid, 'SIGKILL')", want: /^ended by SIGKILL$/ },
  {
    name: 'output without end',
    code: "process.stdout.write('x'.repeat(5 * 1024 * 1024))",
    want: /^more than 4194304 bytes/
  },
  {
    name: 'more memory than it may have',
    code: 'const held = []; for (;;) held.push(new Array(1e6))',
    want: /^(ended by SIGABRT|exit code 134).*heap/s
  }
]
for (const { name, code, want } of failures) {
  void t.test(`${name}: a failure in words`, async (t) => {
    t.match(await runAuditChild(written(t, code, { heap: 32 }), never), { failure: want })
  })
}

void t.test('a program that cannot be started is a failure too', async (t) => {
  const outcome = await runAuditChild(child('/no/such/main.js', []), never)
  t.match(outcome, { failure: /^exit code 1.*Cannot find module/s })
})

/** Says who it is, and goes on for ever; SIGTERM alone does not end it. */
const stubborn = `
import { writeFileSync, renameSync } from 'node:fs'
process.on('SIGTERM', () => {})
writeFileSync(process.argv[2] + '/new', JSON.stringify({ pid: process.pid, argv: process.execArgv }))
renameSync(process.argv[2] + '/new', process.argv[2] + '/told')
setInterval(() => {}, 1000)`

function told(run: AuditChild): { readonly pid: number; readonly argv: string[] } | undefined {
  try {
    return JSON.parse(readFileSync(join(run.args[0] as string, 'told'), 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

void t.test('it goes last for the processor and first when memory is short; it ends with the signal', async (t) => {
  const run = written(t, stubborn, { heap: 100, niceness: 19 })
  const abort = new AbortController()
  const running = runAuditChild(run, abort.signal)
  await until(
    'it runs',
    () => told(run) !== undefined,
    () => told(run)
  )
  const { pid = 0, argv } = told(run) ?? {}
  // Both are set from outside, when it runs already.
  await until(
    'the last place',
    () => getPriority(pid) === 19,
    () => getPriority(pid)
  )
  await until(
    'the first to go',
    () => readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim() === '1000',
    () => readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim()
  )
  t.strictSame(argv, ['--max-old-space-size=100'])
  abort.abort()
  t.strictSame(await running, { failure: 'stopped' })
  t.equal(isAlive(pid), false)
})

void t.test('one that takes too long is stopped', async (t) => {
  const run = written(t, 'setInterval(() => {}, 1000)', { timeout: 1_000 })
  t.strictSame(await runAuditChild(run, never), { failure: 'stopped after 1 s' })
})

void t.test('a signal that came before is heeded', async (t) => {
  t.strictSame(
    await runAuditChild(written(t, stubborn.replace("process.on('SIGTERM', () => {})", '')), AbortSignal.abort()),
    {
      failure: 'stopped'
    }
  )
})
