import t from 'tap'
import { actionOf, decide, isFixed, sentenceOf } from '../../src/engine/decide.ts'
import { AppError } from '../../src/errors.ts'
import type { Mode, RuleFinding, Verdict } from '../../src/model/finding.ts'
import { finding } from '../support/rules.ts'
import { settings } from '../support/settings.ts'
import { podSubject } from '../support/subjects.ts'

const modes: Record<string, Mode> = { denies: 'enforce', warns: 'warn', audits: 'audit' }
const none: Verdict = { findings: [], skips: [], faults: [], exempted: [] }

function found(ruleId: string, change: Partial<RuleFinding> = {}): RuleFinding {
  return { ...finding(), ruleId, remedy: 'Do this. Or do that.', ...change }
}

function decided(verdict: Partial<Verdict>, notes: string[] = []): ReturnType<typeof decide> {
  return decide(podSubject(), { ...none, ...verdict }, settings({ modes, notes }))
}

void t.test('nothing found is allowed and says nothing', async (t) => {
  t.strictSame(decided({}), { allowed: true, code: 200, message: '', warnings: [], auditAnnotations: {}, findings: [] })
})

void t.test('the mode decides what a finding does; an advisory one never denies', async (t) => {
  const cases: [Mode | undefined, boolean, string][] = [
    ['enforce', false, 'deny'],
    ['enforce', true, 'warn'],
    ['warn', false, 'warn'],
    ['warn', true, 'warn'],
    ['audit', false, 'audit'],
    ['audit', true, 'audit'],
    ['off', false, 'audit'],
    [undefined, false, 'audit']
  ]
  for (const [mode, advisory, action] of cases) t.equal(actionOf(mode, advisory), action, `${mode} ${advisory}`)
})

void t.test('only an enforcing rule mends', async (t) => {
  t.strictSame((['enforce', 'warn', 'audit', 'off', undefined] as const).map(isFixed), [
    true,
    false,
    false,
    false,
    false
  ])
})

void t.test('one denial is one sentence that names object, rule, place, values and remedy', async (t) => {
  const decision = decided({ findings: [found('denies'), found('warns'), found('audits')] })
  t.match(decision, { allowed: false, code: 403 })
  t.equal(decision.message, 'Pod default/web: denies: something is wrong. Do this. Found: x=1, at /spec. Or do that.')
  t.equal(sentenceOf(found('denies')), 'denies: something is wrong. Do this. Found: x=1, at /spec. Or do that.')
  t.strictSame(
    decision.findings.map(({ action }) => action),
    ['deny', 'warn', 'audit']
  )
  t.strictSame(decision.warnings, ['warns: something is wrong (x=1)', 'Do this.'])
  t.strictSame(decision.auditAnnotations, {
    denies: 'deny: something is wrong',
    warns: 'warn: something is wrong',
    audits: 'audit: something is wrong'
  })
})

void t.test('several denials are all shown, each on a line of its own', async (t) => {
  for (const details of [
    ['x=1', 'y=2'],
    ['x=1', 'y=2', 'z=3']
  ]) {
    const { message } = decided({ findings: details.map((detail) => found('denies', { detail })) })
    const lines = details.map(
      (detail) => `- denies: something is wrong. Do this. Found: ${detail}, at /spec. Or do that.`
    )
    t.equal(message, ['Pod default/web:', ...lines].join('\n'))
  }
})

void t.test('a finding and a fault in one denial are both shown', async (t) => {
  const { message } = decided({
    findings: [found('denies')],
    faults: [{ ruleId: 'denies', error: new Error('broken') }]
  })
  t.match(message, /^Pod default\/web:\n- denies: something is wrong\. .*\n- denies: this rule failed /)
})

void t.test('an object outside namespaces is named without one', async (t) => {
  const subject = podSubject({}, {}, { namespace: '' })
  const { message } = decide(subject, { ...none, findings: [found('denies')] }, settings({ modes }))
  t.match(message, /^Pod web: /)
})

void t.test('ten denials are told in full, of more only the count', async (t) => {
  const many = (count: number): string[] =>
    decided({ findings: Array.from({ length: count }, () => found('denies')) }).message.split('\n')
  t.equal(many(10).length, 11)
  t.equal(many(11).length, 12)
  t.equal(many(11).at(-1), '- and 1 more findings.')
})

void t.test('a message and a warning have bounds, whatever the values are', async (t) => {
  const { message, warnings } = decided({
    findings: [found('denies', { detail: 'x'.repeat(1e6) }), found('warns', { detail: 'x'.repeat(1e6) })]
  })
  t.equal(message.length, 8 * 1024)
  t.equal(warnings[0]?.length, 120)
  t.ok(warnings[0]?.endsWith('…'))
  const around = 'warns: something is wrong ()'.length
  const of = (length: number): string | undefined =>
    decided({ findings: [found('warns', { detail: 'x'.repeat(length - around) })] }).warnings[0]
  t.ok(of(120)?.endsWith('x)'), 'at the limit it is whole')
  t.ok(of(121)?.endsWith('x…'), 'one past, it is cut')
})

void t.test('ten warnings are shown; of more, nine and their count', async (t) => {
  const warnings = (count: number): readonly string[] =>
    decided({ findings: Array.from({ length: count }, () => found('warns')) }).warnings
  t.equal(warnings(9).length, 10)
  t.equal(warnings(9).at(-1), 'Do this.')
  t.equal(warnings(10).length, 10)
  t.equal(warnings(10).at(-1), 'pidguard: 2 more lines are not shown')
})

void t.test('what to do is said once per remedy, by its first sentence', async (t) => {
  const { warnings } = decided({
    findings: [found('warns'), found('warns'), found('warns', { remedy: 'Only one sentence.' })]
  })
  t.strictSame(warnings.slice(3), ['Do this.', 'Only one sentence.'])
})

void t.test('a fault in an enforcing rule denies, since nobody knows what it would have found', async (t) => {
  const error = new Error('secret inside')
  const decision = decided({ faults: [{ ruleId: 'denies', error }] })
  t.match(decision, { allowed: false, code: 500, auditAnnotations: { denies: 'fault' } })
  t.match(decision.message, /^Pod default\/web: denies: this rule failed .* The error is in the log of pidguard\.$/)
  t.notMatch(JSON.stringify(decision), /secret inside/)
})

void t.test('a fault that is an error of ours says what was expected, with its own code', async (t) => {
  const error = new AppError('ERR_OBJECT_MALFORMED', '/spec/x: expected a list, found an object')
  const decision = decided({ faults: [{ ruleId: 'denies', error }] })
  t.equal(decision.code, 400)
  t.match(decision.message, /\/spec\/x: expected a list, found an object$/)
  t.equal(decided({ faults: [{ ruleId: 'denies', error }], findings: [found('denies')] }).code, 403)
})

void t.test('a fault in any other rule allows and is written down', async (t) => {
  for (const ruleId of ['warns', 'audits', 'unknown']) {
    const decision = decided({ faults: [{ ruleId, error: new Error('broken') }] })
    t.match(decision, { allowed: true, message: '', auditAnnotations: { [ruleId]: 'fault' } })
  }
})

void t.test('the audit log tells skips, exemptions and what the policy could not resolve', async (t) => {
  const { auditAnnotations, allowed } = decided(
    {
      skips: [{ ruleId: 'denies', reason: 'headroom not known' }],
      exempted: [{ ruleId: 'warns', reason: 'r'.repeat(200) }]
    },
    ['first', 'second']
  )
  t.equal(allowed, true)
  t.equal(auditAnnotations['denies'], 'skipped: headroom not known')
  t.match(auditAnnotations['warns'], /^exempted: r{119}…$/)
  t.equal(auditAnnotations['policy'], 'first; second')
})

void t.test('of several findings of one rule the audit log keeps the worst', async (t) => {
  const mild = found('denies', { advisory: true, reason: 'mild' })
  const grave = found('denies', { reason: 'grave' })
  for (const findings of [
    [mild, grave],
    [grave, mild]
  ])
    t.equal(decided({ findings }).auditAnnotations['denies'], 'deny: grave')
})
