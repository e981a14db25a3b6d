import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Panel } from '@grafana/schema'
import t from 'tap'
import { stringify } from 'yaml'
import { allAlerts } from '../support/alerts.ts'
import { dashboard } from '../support/dashboard.ts'
import { exportedMetrics } from '../support/exported-metrics.ts'
import { filled, metricsNamed } from '../support/expressions.ts'
import { allPagesText, pageText } from '../support/pages.ts'

const panels = (dashboard().panels ?? []).filter((panel): panel is Panel => panel.type !== 'row')
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => String(expr)))

/** Names that a scrape of either process declares, with or without samples. */
async function exported(): Promise<{ text: string; names: string[] }> {
  const text = await exportedMetrics()
  const names = [...new Set([...text.matchAll(/^# TYPE (pidguard_\w+) /gm)].map(([, name]) => name as string))]
  return { text, names }
}

void t.test('what dashboard, alerts and pages name of ours is exported', async (t) => {
  const { names } = await exported()
  t.ok(names.length > 30)
  const known = new Set(names.flatMap((name) => [name, `${name}_bucket`]))
  const said = [...expressions, ...allAlerts().map(({ expr }) => expr), allPagesText].flatMap(metricsNamed)
  t.strictSame(
    [...new Set(said)].filter((name) => !known.has(name)),
    []
  )
})

void t.test('docs/monitoring.md has every metric', async (t) => {
  const page = pageText('docs/monitoring.md')
  const { names } = await exported()
  t.strictSame(
    names.filter((name) => !page.includes(name)),
    []
  )
})

void t.test('what is exported has a help text, and is on the dashboard', async (t) => {
  const { text, names } = await exported()
  const shown = new Set(expressions.flatMap(metricsNamed))
  for (const name of names) {
    t.match(text, new RegExp(`^# HELP ${name} \\S.{10,}`, 'm'), `${name}: help`)
    t.ok(shown.has(name) || shown.has(`${name}_bucket`), `${name} is on the dashboard`)
  }
})

void t.test('every panel says what it shows, in a unit, and lies beside the others', async (t) => {
  const all = dashboard().panels ?? []
  t.equal(new Set(all.map(({ id }) => id)).size, all.length, 'no id twice')
  t.equal(new Set(panels.map(({ title }) => title)).size, panels.length, 'no title twice')
  const taken = new Set<string>()
  for (const { title, description, gridPos, fieldConfig, targets = [] } of panels) {
    t.ok(title && description && description.length > 20, `${title}: description`)
    t.ok(fieldConfig?.defaults.unit, `${title}: unit`)
    t.ok(targets.length > 0, `${title}: queries`)
    const { x = 0, y = 0, w = 0, h = 0 } = gridPos ?? {}
    t.ok(w > 0 && x + w <= 24, `${title}: ${x} + ${w}`)
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        t.notOk(taken.has(`${column} ${line}`), `${title}: ${column} ${line}`)
        taken.add(`${column} ${line}`)
      }
    }
  }
})

void t.test(
  'queries name no variable that the dashboard has not, and every one of ours the installation',
  async (t) => {
    for (const expr of expressions) {
      t.notMatch(filled(expr), /\$/, expr)
      const selectors = expr.match(/pidguard_\w+(\{[^}]*\})?/g) ?? []
      for (const selector of selectors) t.match(selector, 'namespace=~"$namespace"', expr)
    }
  }
)

void t.test('Prometheus can read the queries', async (t) => {
  const folder = t.testdir({})
  const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr: filled(expr) }))
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'dashboard', rules }] }))
  const { error, stdout, stderr } = spawnSync('promtool', ['check', 'rules', 'rules.yaml'], {
    cwd: folder,
    encoding: 'utf8'
  })
  if (error !== undefined) return t.pass('read', { skip: 'no promtool: apt-get install prometheus' })
  t.match(stdout, 'SUCCESS', stderr)
})
