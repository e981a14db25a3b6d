import t from 'tap'
import { kindName, renderRule, renderRuleList } from '../../../src/rules/docs/rule-text.ts'
import { rules } from '../../../src/rules/index.ts'
import { testRule } from '../../support/rules.ts'

void t.test('every rule is listed with its default mode and title, in columns', async (t) => {
  const lines = renderRuleList(rules).split('\n')
  t.equal(lines.length, rules.length)
  for (const [i, { id, defaultMode, title }] of rules.entries())
    t.match(lines[i]?.split(/ {2,}/), [id, defaultMode, title])
  t.equal(new Set(lines.map((line) => /^\S+ +/.exec(line)?.[0].length)).size, 1, 'the columns line up')
})

void t.test('a rule is explained: why, what to do, what it changes and what it does not do', async (t) => {
  for (const rule of rules) {
    const text = renderRule(rules, rule.id)
    for (const part of [rule.title, rule.why, rule.remedy, rule.defaultMode, rule.limits ?? ''])
      t.ok(text.includes(part))
    t.match(text, rule.fix === undefined ? /^Changes {3}nothing$/m : /^Changes {3}what it finds, in mode enforce$/m)
  }
  t.notMatch(renderRule([testRule()], 'test-rule'), 'does not do', 'nothing is said where there is nothing to say')
})

void t.test('an id that is none is answered with the one that was meant', async (t) => {
  t.throws(() => renderRule(rules, 'best-efort'), {
    code: 'ERR_USAGE',
    message: /no rule is called "best-efort"$/,
    remedy: /^Did you mean best-effort\?/
  })
})

void t.test('a kind is named as people say it; a group that is an address is told', async (t) => {
  t.equal(kindName('/Pod'), 'Pod')
  t.equal(kindName('apps/Deployment'), 'Deployment')
  t.equal(kindName('crd.projectcalico.org/FelixConfiguration'), 'FelixConfiguration (crd.projectcalico.org)')
})
