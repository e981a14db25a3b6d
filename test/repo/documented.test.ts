// What a user can write, read or be woken by stands in the pages.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isRecord } from '../../src/lib/json/shape.ts'
import { allPagesText, pageText } from '../support/pages.ts'
import { projectFolder, typescriptFilesOf } from '../support/sources.ts'

const textOf = (path: string): string => readFileSync(join(projectFolder, path), 'utf8')
const isNamedIn = (text: string, name: string): boolean => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text)

/** The names of all properties, however deep, with where they are. */
function propertiesOf(schema: unknown, at = ''): Map<string, string> {
  if (Array.isArray(schema)) return new Map(schema.flatMap((each) => [...propertiesOf(each, at)]))
  if (!isRecord(schema)) return new Map()
  const own = isRecord(schema['properties']) ? schema['properties'] : {}
  const deeper = ['items', 'additionalProperties', 'anyOf', 'oneOf', 'allOf'].map((key) =>
    propertiesOf(schema[key], at)
  )
  return new Map([
    ...Object.entries(own).flatMap(([name, value]) => [
      [name, `${at}.${name}`] as const,
      ...propertiesOf(value, `${at}.${name}`)
    ]),
    ...deeper.flatMap((each) => [...each])
  ])
}

void t.test('each setting of the policy is in policy.yaml, with its reason, or in its page', async (t) => {
  const settings = propertiesOf(JSON.parse(textOf('manifests/policy.schema.json')))
  t.ok(settings.size > 40, `${settings.size} settings`)
  const text = textOf('manifests/policy.yaml') + pageText('docs/policy.md')
  for (const [name, at] of settings) t.ok(isNamedIn(text, name), at)
})

void t.test('each annotation, label and taint of pidguard is in the table of the policy page', async (t) => {
  const table = pageText('docs/policy.md')
  const names = typescriptFilesOf('src').flatMap((file) => [
    ...textOf(`src/${file}`).matchAll(/'(pidguard\.io\/[a-z-]+)'/g)
  ])
  t.ok(names.length > 15, `${names.length} names`)
  // doctor asks for it in a dry run that must be refused; it is stored nowhere.
  const isTried = (name: string): boolean => name === 'pidguard.io/doctor'
  for (const [, name = ''] of names) if (!isTried(name)) t.ok(isNamedIn(table, name), name)
})

void t.test('each alert is in a page, with what to do', async (t) => {
  const folder = 'manifests/components/monitoring'
  const files = readdirSync(join(projectFolder, folder)).filter((file) => file.endsWith('.yaml'))
  const alerts = files.flatMap((file) => [...textOf(`${folder}/${file}`).matchAll(/alert: (\w+)/g)])
  t.ok(alerts.length > 20, `${alerts.length} alerts`)
  for (const [, alert = ''] of alerts) t.ok(isNamedIn(allPagesText, alert), alert)
})

void t.test('each exit code of a verb is on the page of that verb', async (t) => {
  for (const page of readdirSync(join(projectFolder, 'docs/cli')))
    t.match(pageText(`docs/cli/${page}`), /exit code/i, page)
})
