import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { projectFolder } from '../support/sources.ts'

const steps = join(projectFolder, '.ci/steps.sh')
/** The steps may be what runs this file once more, alone. */
const { TEST_FILES: _, ...env } = process.env

/** Prints what tap would of two files; `fails` of them fail when all are run, and what TEST_FILES names fails as the file says. */
const fake = `#!/usr/bin/env bash
echo "\${TEST_FILES:-all}" >>calls
if [[ -n \${TEST_FILES:-} ]]; then
  [[ -e \${TEST_FILES##*/}.broken ]] && { echo "not ok 1 - $TEST_FILES # time=1ms"; exit 1; }
  echo "ok 1 - $TEST_FILES # time=1ms"
  exit 0
fi
cat said
exit "$(cat code)"
`

interface Run {
  readonly code: number | null
  readonly lines: readonly string[]
  readonly calls: readonly string[]
}

/** Runs a step of test files whose first run says so, where some files stay broken. */
function run(t: Test, said: string, code: number, broken: readonly string[] = []): Run {
  const folder = t.testdir({
    tests: t.fixture('file', fake),
    said,
    code: String(code),
    ...Object.fromEntries(broken.map((name) => [`${name}.broken`, '']))
  })
  const script = `set -u; . '${steps}'; step first true; step_again files bash ./tests; verdict`
  const { status, stdout } = spawnSync('bash', ['-c', script], { cwd: folder, env, encoding: 'utf8' })
  const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')
  return { code: status, lines: stdout.trimEnd().split('\n'), calls }
}

const [a, b] = ['test/e2e/a.test.ts', 'test/rooms/b.ts']
const bothFail = `not ok 1 - ${a} # time=2ms\n    not ok 1 - an assertion of it\nnot ok 2 - ${b} # time=3ms\n`

void t.test('files that pass are run once', async (t) => {
  const { code, lines, calls } = run(t, `ok 1 - ${a}\n`, 0)
  t.strictSame([code, lines.at(-1), calls], [0, '2 passed, 0 failed', ['all']])
})

void t.test(
  'a file that fails is run once more, alone; if it passes the step does, and the file is named',
  async (t) => {
    const { code, lines, calls } = run(t, `not ok 1 - ${a} # time=2ms\nok 2 - ${b}\n`, 1)
    t.strictSame([code, lines.at(-1), calls], [0, '2 passed, 0 failed', ['all', a]])
    t.ok(lines.includes(`flaky: files: ${a} failed, and passed when it was run once more, alone`))
  }
)

void t.test('one that fails again fails the step; the other is still named', async (t) => {
  const { code, lines, calls } = run(t, bothFail, 1, ['b.ts'])
  t.strictSame([code, lines.at(-1), calls], [1, '1 passed, 1 failed', ['all', a, b]])
  t.ok(lines.includes('failed: files'))
  t.ok(lines.includes(`flaky: files: ${a} failed, and passed when it was run once more, alone`))
})

void t.test('a step that fails without the name of a file is not run again', async (t) => {
  const { code, lines, calls } = run(t, 'the build failed\n    not ok 1 - test/e2e/nested.test.ts\n', 2)
  t.strictSame([code, lines.at(-1), calls], [1, '1 passed, 1 failed', ['all']])
})

for (const { name, tries, code, verdict } of [
  { name: 'passes', tries: [0], code: 0, verdict: '1 passed, 0 failed' },
  { name: 'passes when it is run once more, and is named', tries: [1, 0], code: 0, verdict: '1 passed, 0 failed' },
  { name: 'fails twice', tries: [1, 1], code: 1, verdict: '0 passed, 1 failed' }
]) {
  void t.test(`a step that may be run once more ${name}`, async (t) => {
    const folder = t.testdir({ tries: `${tries.join('\n')}\n` })
    const command = 'code=$(head -n 1 tries); sed -i 1d tries; echo "DOES NOT HOLD: it was $code"; exit "$code"'
    const script = `set -u; . '${steps}'; step_twice drill bash -c '${command}'; verdict`
    const { status, stdout } = spawnSync('bash', ['-c', script], { cwd: folder, env, encoding: 'utf8' })
    t.strictSame([status, stdout.trimEnd().split('\n').at(-1)], [code, verdict])
    t.equal(readFileSync(join(folder, 'tries'), 'utf8'), '', 'run as often as that')
    t.equal(/^flaky: drill: it failed, and passed/m.test(stdout), tries.length > code + 1)
    t.equal(/^failed: drill\nDOES NOT HOLD: it was 1/m.test(stdout), code === 1)
  })
}
