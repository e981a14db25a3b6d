import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { podKinds } from '../../src/kubernetes/workloads.ts'
import { tokensOf } from '../../src/lib/json/pointer.ts'
import { policyRules as rules } from '../../src/rules/index.ts'
import { readFixtures } from '../support/fixtures.ts'
import { findingsOf } from '../support/judge.ts'

const root = new URL('../../', import.meta.url)
const ruleFiles = readdirSync(new URL('src/rules/', root)).filter((file) => file.endsWith('.ts') && file !== 'index.ts')
const fixtures = readFixtures()

/** What each fixture that fails is told, with the object it is told of. */
const told = fixtures
  .filter(({ claim }) => claim === 'fail')
  .flatMap(({ ruleId, file, documents, world }) =>
    documents.flatMap((object) => {
      const rule = rules.find(({ id }) => id === ruleId)
      return rule === undefined ? [] : findingsOf(rule, object, world).map((finding) => ({ file, object, finding }))
    })
  )

/** Kinds that are about pods and hold none. */
const ofPods = ['autoscaling/Scale', '/Binding']

t.test('every rule is a file of its id, and in the list', async (t) => {
  t.strictSame(rules.map(({ id }) => `${id}.ts`).sort(), ruleFiles.sort())
  t.equal(new Set(rules.map(({ id }) => id)).size, rules.length, 'once')
  for (const { id } of rules) t.match(id, /^[a-z]+(-[a-z]+)*$/)
})

for (const rule of rules) {
  t.test(rule.id, async (t) => {
    t.ok(existsSync(new URL(`test/rules/${rule.id}.test.ts`, root)), 'has a test')
    const claims = fixtures.filter(({ ruleId }) => ruleId === rule.id).map(({ claim }) => claim)
    t.ok(claims.includes('pass'), 'has a fixture that passes')
    t.ok(claims.includes('fail'), 'has a fixture that fails')
    t.equal(claims.includes('fixed'), rule.fix !== undefined, 'has a fixture of its fix, if it has one')

    for (const text of [rule.why, rule.remedy, rule.limits ?? '.']) t.match(text, /\.$/, 'speaks in whole sentences')
    t.notMatch(rule.title, /\.$/)
    // A warning has 120 characters, two of them to spare.
    const [sentence = ''] = rule.remedy.split(/(?<=\.) /)
    t.ok(sentence.length <= 118, `the first sentence of its remedy fits a warning: ${sentence.length}`)

    const source = readFileSync(new URL(`src/rules/${rule.id}.ts`, root), 'utf8')
    t.match(source, /^\/\/ Reads: .+ {2}Fine: .+\.$/m, 'says what it reads and what is fine')
    t.notMatch(source, /\breason: *[`(]/, 'its reasons are constant')
    t.notMatch(
      source,
      /\b(await|Date\.|performance\.|Math\.random|console\.|process\.|throw )/,
      'looks, and does nothing else'
    )
    if (rule.scope === 'pods') t.ok(rule.kinds.every((kind) => [...podKinds, ...ofPods].includes(kind)))
  })
}

t.test('every finding of a fixture', async (t) => {
  for (const { file, object, finding } of told) {
    const { pointer, reason, detail } = finding
    t.match(reason, /^[A-Za-z][A-Za-z .]*[a-zA-Z]$/, `${file}: "${reason}" holds no values`)
    t.ok(detail.length > 0 && detail.length < 300, `${file}: its detail is short`)
    t.match(pointer, /^(\/([^~/]|~[01])+)+$/, `${file}: ${pointer} is escaped`)
    t.ok(pointsInto(object, tokensOf(pointer)), `${file}: ${pointer} is there, or could be`)
  }
})

/** Whether the tokens lead to a value, or end below one that may hold the rest; never past the end of a list. */
function pointsInto(object: unknown, tokens: readonly string[]): boolean {
  let value: unknown = object
  for (const [depth, token] of tokens.entries()) {
    if (value === undefined || value === null) return depth > 1
    if (typeof value !== 'object') return false
    if (Array.isArray(value) && !(Number(token) < value.length)) return false
    value = (value as Record<string, unknown>)[token]
  }
  return true
}
