import t from 'tap'
import { policyRules as rules } from '../../src/rules/index.ts'
import { readFixtures } from '../support/fixtures.ts'
import { findingsOf, mended, told } from '../support/judge.ts'

const fixtures = readFixtures()
const ruleOf = (id: string) => rules.find((rule) => rule.id === id)

for (const { ruleId, claim, what, file, documents, world } of fixtures) {
  t.test(file, async (t) => {
    const rule = ruleOf(ruleId)
    if (rule === undefined) return t.fail('its folder is no rule')
    const found = documents.map((document) => told(findingsOf(rule, document, world)))
    if (claim === 'fail')
      return t.notOk(
        found.some((findings) => findings.length === 0),
        'each document has a finding'
      )
    t.strictSame(found.flat(), [], 'no findings')
    if (claim === 'pass') return

    const before = fixtures.find((other) => other.ruleId === ruleId && other.what === what && other.claim !== 'fixed')
    if (before === undefined) return t.fail('there is nothing it could be the fixed version of')
    t.strictSame(world, before.world, 'the policy is the same')
    const after = before.documents.map((document) => mended([rule], document, world))
    t.strictSame(
      after.map(({ object }) => object),
      documents,
      'it is what the fix makes'
    )
    t.ok(
      after.some(({ operations }) => operations.length > 0),
      'which is a change'
    )
  })
}
