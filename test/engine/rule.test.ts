import t from 'tap'
import { definePodRule } from '../../src/engine/rule.ts'
import { testRule } from '../support/rules.ts'
import { podSubject } from '../support/subjects.ts'

void t.test('what a definition leaves out is empty, and mends nothing', async (t) => {
  const rule = testRule()
  t.match(rule, { subresources: [], optionalFacts: [], fix: undefined })
  t.equal(rule.fixes(podSubject()), false)
})

void t.test('what a rule does beside the usual it says itself', async (t) => {
  for (const name of ['includesControlled', 'includesRunning', 'failsOpen', 'everyWrite'] as const) {
    t.equal(testRule()[name], false, name)
    t.equal(testRule({ [name]: true })[name], true, name)
  }
})

void t.test('a rule with a fix is for every subject unless it says otherwise', async (t) => {
  const fix = (): void => {}
  t.equal(testRule({ fix }).fixes(podSubject()), true)
  t.equal(testRule({ fix, fixes: () => false }).fixes(podSubject()), false)
})

void t.test('a pod rule is a rule', async (t) => {
  const rule = definePodRule({
    ...testRule(),
    requiredFacts: [],
    optionalFacts: [],
    fix: () => {},
    reads: ({ podSpec }) => [podSpec.containers]
  })
  t.equal(rule.reads(podSubject()).length, 1)
})
