import { join } from 'node:path'
import t from 'tap'
import { type Cell, cellOf, renderMatrix, secondTry } from '../e2e/support/matrix.ts'
import { readTested, recordTested, renderTestedTable, renderTestedVersions } from '../e2e/support/tested.ts'

const cases = [
  { name: 'all passed', code: 0, printed: 'ok 1\n# { total: 3, pass: 3 }\n', text: '3 ok', failed: false },
  { name: 'skipped', code: 0, printed: '# { total: 4, pass: 1, skip: 3 }\n', text: '1 ok, 3 skipped', failed: false },
  { name: 'failed', code: 1, printed: '# { total: 5, pass: 3, fail: 2 }\n', text: '2 of 5 failed', failed: true },
  {
    name: 'failed, by counts alone',
    code: 0,
    printed: '# { total: 5, pass: 3, fail: 2 }\n',
    text: '2 of 5 failed',
    failed: true
  },
  { name: 'ended without counts', code: 1, printed: 'Error: no etcd\n', text: 'exit code 1', failed: true },
  { name: 'passed, and ended badly', code: 1, printed: '# { total: 3, pass: 3 }\n', text: 'exit code 1', failed: true },
  { name: 'nothing but skipped', code: 0, printed: '# { total: 2, skip: 2 }\n', text: 'nothing ran', failed: true },
  {
    name: 'all is about newer versions',
    code: 0,
    printed: '    ok 1 - a # SKIP before v1.36\n    ok 2 - b # SKIP v1.20.2 has no c\n# { total: 2, skip: 2 }\n',
    text: 'not in this version',
    failed: false
  },
  {
    name: 'a program is missing',
    code: 0,
    printed: '    ok 1 - a # SKIP before v1.36\n    ok 2 - b # SKIP no Helm is there\n# { total: 2, skip: 2 }\n',
    text: 'nothing ran',
    failed: true
  },
  { name: 'the drill is skipped', code: 0, printed: 'The drill is skipped: x\n', text: 'nothing ran', failed: true },
  { name: 'the drill', code: 0, printed: '\n20 claims hold, 0 do not.\n', text: '20 ok', failed: false },
  { name: 'the drill failed', code: 1, printed: '\n19 claims hold, 1 do not.\n', text: '1 of 20 failed', failed: true }
]
for (const { name, code, printed, text, failed } of cases) {
  void t.test(name, async (t) => {
    const cell = cellOf(code, printed)
    t.equal(cell.text, text)
    t.equal(cell.failed, failed)
  })
}

void t.test('a failure shows what did not hold, else the last lines', async (t) => {
  const printed = `ok 1\n    not ok 2 - a refusal\n      at: x\n${'ok\n'.repeat(40)}# { total: 2, pass: 1, fail: 1 }\n`
  t.match(cellOf(1, printed).essence, /^ {4}not ok 2 - a refusal\n {6}at: x\n/)
  t.equal(cellOf(1, 'a\nError: no etcd\n').essence, 'a\nError: no etcd')
})

void t.test('a failure of the drill shows all that it quotes of the cluster, and not what comes later', async (t) => {
  const state = Array.from({ length: 60 }, (_, i) => `        | line ${i}`).join('\n')
  const printed = `        holds: a\n        DOES NOT HOLD: b\n    at c\n${state}\n\n1 claims hold, 1 do not.\n`
  t.equal(cellOf(1, printed).essence, `        DOES NOT HOLD: b\n    at c\n${state}\n`)
})

void t.test('the table has a row for each file and a column for each version', async (t) => {
  const columns = [
    { version: 'v1.37.2', cells: { pods: cellOf(0, '# { total: 3, pass: 3 }'), drill: cellOf(1, '') } },
    { version: 'v1.20.2', cells: { pods: cellOf(0, '# { total: 2, pass: 2 }') } }
  ]
  t.equal(
    renderMatrix(['pods', 'drill'], columns),
    '|  | v1.37.2 | v1.20.2 |\n| --- | --- | --- |\n| pods | 3 ok | 2 ok |\n| drill | exit code 1 | not run |\n'
  )
})

const tested = {
  'v1.37.2': { pods: '105 ok', drill: '20 ok' },
  'v1.20.2': { pods: '103 ok, 2 skipped', drill: '1 of 20 failed', gates: 'exit code 1', emit: 'not in this version' }
}

void t.test('README and docs say what the last runs came to, and nothing where there was none', async (t) => {
  t.equal(
    renderTestedVersions(tested),
    'Files of end-to-end tests that passed: v1.37.2 2 of 4 (not run: emit, gates), v1.20.2 1 of 3 (failed: drill, gates).\n'
  )
  t.match(renderTestedTable(tested), '| gates | not run | exit code 1 |\n')
  for (const text of [renderTestedVersions(undefined), renderTestedTable(undefined)]) t.match(text, /not recorded yet/)
  t.equal(readTested('/nowhere/tested.json'), undefined)
})

void t.test('a file that passes when it is run once more says so', async (t) => {
  t.equal(secondTry(cellOf(0, '# { total: 3, pass: 3 }')).text, '3 ok, at the second try')
  t.equal(secondTry(cellOf(1, '')).text, 'exit code 1')
})

void t.test('a run writes its cells in place of older ones, and keeps all others', async (t) => {
  const path = join(t.testdir({}), 'tested.json')
  const cell = (pass: number): Cell => cellOf(0, `# { total: ${pass}, pass: ${pass} }`)
  recordTested('v1.20.2', 'pods', cell(1), path)
  recordTested('v1.37.2', 'pods', cell(2), path)
  recordTested('v1.37.2', 'drill', cell(3), path)
  recordTested('v1.20.2', 'pods', cell(4), path)
  const written = readTested(path)
  t.strictSame(written, { 'v1.37.2': { drill: '3 ok', pods: '2 ok' }, 'v1.20.2': { pods: '4 ok' } })
  t.strictSame(Object.keys(written ?? {}), ['v1.37.2', 'v1.20.2'], 'the newest first')
})
