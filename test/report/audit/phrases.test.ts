import t from 'tap'
import {
  ceilingText,
  countsText,
  firstStep,
  limitText,
  missingLines,
  otherLines,
  scopeText,
  shareText,
  sinceLines
} from '../../../src/report/audit/phrases.ts'
import { cleanAudit, fullAudit } from '../../support/audits.ts'

t.test('what is not known is a question mark, never 0', async (t) => {
  t.equal(ceilingText({ limit: null, inUse: null }), '?')
  t.equal(ceilingText({ limit: 10, inUse: null }), '?/10')
  t.equal(ceilingText({ limit: 'unlimited', inUse: 0 }), '0/unlimited')
  t.equal(limitText(null), '?')
  t.equal(shareText(null), '?')
  t.equal(shareText(0.799), '79%')
})

t.test('scope, counts and what changed', async (t) => {
  t.equal(scopeText(fullAudit()), '3 nodes (2 read), 31 pods (threads known of 6), 40 objects checked')
  t.equal(countsText(fullAudit()), '4 findings: 1 would be denied, 0 warnings, 1 would be fixed, 2 recorded')
  t.strictSame(sinceLines(fullAudit()), [
    'since 2026-11-20T10:55:30.000Z: 3 new, 1 unchanged, 1 fixed, 1 not looked for'
  ])
  t.strictSame(sinceLines(cleanAudit()), [])
})

t.test('what is missing is told with its reason', async (t) => {
  t.match(missingLines(fullAudit()), [
    /^not read: nodes\/configz on 3 nodes: forbidden/,
    /^not read: statefulsets/,
    /^skipped: /,
    /^failed: /
  ])
  t.match(otherLines(fullAudit()), [/^exempt: 1 object from best-effort/, /^note: /])
  t.strictSame([...missingLines(cleanAudit()), ...otherLines(cleanAudit())], [])
})

t.test('the first step is the first sentence, also where a file name has a dot', async (t) => {
  const rules = [{ id: 'a', title: '', why: '', remedy: 'Edit /etc/x.conf now. Then wait.' }]
  t.equal(firstStep({ ...cleanAudit(), rules }, { ruleId: 'a' }), 'Edit /etc/x.conf now.')
  t.equal(firstStep({ ...cleanAudit(), rules }, { ruleId: 'a', remedy: 'Rest. Eat.' }), 'Rest.')
  t.equal(firstStep(cleanAudit(), { ruleId: 'none' }), '')
})
