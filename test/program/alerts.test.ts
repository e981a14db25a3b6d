import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { allAlerts, ruleFiles } from '../support/alerts.ts'
import { pageText } from '../support/pages.ts'
import { projectFolder } from '../support/sources.ts'

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined
const noPromtool = 'no promtool: apt-get install prometheus'

function promtool(folder: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

for (const [name, file] of ruleFiles()) {
  const tests = join(projectFolder, 'test/fixtures/alerts', `${name}.yaml`)

  void t.test(
    `alerts-${name}.yaml: Prometheus reads it, and each alert fires when it should and not before`,
    async (t) => {
      if (!hasPromtool) return t.pass('tested', { skip: noPromtool })
      const folder = t.testdir({})
      writeFileSync(join(folder, 'rules.yaml'), stringify(file))
      copyFileSync(tests, join(folder, 'tests.yaml'))
      const checked = promtool(folder, 'check', 'rules', 'rules.yaml')
      t.equal(checked.status, 0, checked.output)
      const tested = promtool(folder, 'test', 'rules', 'tests.yaml')
      t.equal(tested.status, 0, tested.output)
    }
  )

  void t.test(`alerts-${name}.yaml: each alert is expected to fire by a test`, async (t) => {
    const text = readFileSync(tests, 'utf8')
    for (const { rules } of file.groups) {
      for (const { alert } of rules) t.match(text, new RegExp(`labels: '\\{alertname="${alert}"`), alert)
    }
  })
}

void t.test('each alert says how bad it is, what it is about, and what to do', async (t) => {
  const names = allAlerts().map(({ alert }) => alert)
  t.equal(new Set(names).size, names.length, 'no name twice')
  for (const { alert, labels, annotations } of allAlerts()) {
    t.match(alert, /^Pidguard[A-Z]/)
    t.ok(['critical', 'warning', 'info'].includes(labels.severity ?? ''), `${alert}: ${labels.severity}`)
    t.ok((annotations.summary ?? '').length > 10 && !annotations.summary?.endsWith('.'), `${alert}: summary`)
    t.match(annotations.description, /[.;]|pidguard$/, `${alert}: description`)
  }
})

void t.test('docs/monitoring.md says what each alert means, and of no other', async (t) => {
  // The first cell of a row; other cells say which alerts cannot fire.
  const cells = [...pageText('docs/monitoring.md').matchAll(/^\| (`Pidguard[^|]*) \|/gm)].map(
    ([, cell]) => cell as string
  )
  const said = cells.flatMap((cell) => [...cell.matchAll(/`(Pidguard[A-Z]\w+)`/g)].map(([, name]) => name as string))
  t.strictSame(
    said.toSorted(),
    allAlerts()
      .map(({ alert }) => alert)
      .toSorted()
  )
})

void t.test('an alert names only labels that its expression keeps', async (t) => {
  for (const { alert, expr, annotations } of allAlerts()) {
    const named = Object.values(annotations).flatMap((text) =>
      [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label)
    )
    // Before the first bracket of `by`, nothing that aggregates: all labels are kept.
    const grouped = /\bby \(([^)]*)\)/.exec(expr)?.[1]
    if (grouped === undefined) continue
    const kept = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list?.split(', ') ?? [])
    for (const label of named) t.ok(kept.includes(label ?? ''), `${alert}: ${label}`)
  }
})

void t.test('no limit is taken by `or` of two metrics with the same labels, as in incident 001', async (t) => {
  for (const { alert, expr } of allAlerts()) t.notMatch(expr, /node_processes_max_\w+\s+or\s/, alert)
})
