import t from 'tap'
import type { JudgingInput } from '../../src/engine/evaluate.ts'
import { mutateThenValidate } from '../../src/engine/mutate-then-validate.ts'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { rules } from '../../src/rules/index.ts'
import { finding, testRule } from '../support/rules.ts'
import { type SettingsChange, settings } from '../support/settings.ts'
import { calicoObject, podSubject, subjectFrom } from '../support/subjects.ts'

/** Enough to be no BestEffort pod. */
const container = { resources: { requests: { cpu: '250m' } } }
const index = new RuleIndex(rules)

function snapshot(change: SettingsChange = {}, exempt?: string): JudgingInput {
  return {
    settings: settings(change),
    facts: { limitRanges: [] },
    exemption: (ruleId) => (ruleId === exempt ? 'because' : undefined)
  }
}

void t.test('what is mended is not found any more', async (t) => {
  const subject = subjectFrom(calicoObject({ container }))
  const before = mutateThenValidate(subject, index.rulesFor(subject), snapshot())
  t.strictSame(before.fixedBy, ['calico-update-strategy'])
  t.strictSame(
    before.verdict.findings.map(({ ruleId }) => ruleId),
    ['calico-iptables-backend']
  )
  const again = subjectFrom(calicoObject({ container }))
  const after = mutateThenValidate(again, index.rulesFor(again), snapshot({ calico: { iptablesBackend: 'NFT' } }))
  t.strictSame(after.verdict.findings, [])
  t.strictSame(after.findings, [])
})

void t.test('what nothing mends is found and decided', async (t) => {
  const subject = podSubject()
  const { verdict, findings } = mutateThenValidate(subject, index.rulesFor(subject), snapshot())
  t.strictSame(
    verdict.findings.map(({ ruleId }) => ruleId),
    ['best-effort']
  )
  t.strictSame(
    findings.map(({ action }) => action),
    ['deny']
  )
})

void t.test('a rule that can neither mend nor check is told once', async (t) => {
  const subject = subjectFrom(calicoObject({ container, env: ['text'] }))
  const { verdict } = mutateThenValidate(
    subject,
    index.rulesFor(subject),
    snapshot({ calico: { iptablesBackend: 'NFT' } })
  )
  t.strictSame(
    verdict.faults.map(({ ruleId }) => ruleId),
    ['calico-iptables-backend']
  )
})

void t.test('a fix that fails half-way does not hide what the API server would still get', async (t) => {
  const half = testRule({
    check: ({ object }) => ((object['spec'] as JsonRecord)['hostPID'] === false ? [] : [finding()]),
    fix(_subject, draft) {
      draft.set('/spec/hostPID', false)
      throw new Error('broken')
    }
  })
  const { verdict, operations } = mutateThenValidate(
    podSubject(),
    [half],
    snapshot({ modes: { 'test-rule': 'enforce' } })
  )
  t.strictSame(operations, [])
  t.equal(verdict.findings.length, 1)
})

void t.test('an exemption is told once', async (t) => {
  const subject = subjectFrom(calicoObject({ container }))
  const { verdict } = mutateThenValidate(subject, index.rulesFor(subject), snapshot({}, 'calico-update-strategy'))
  t.strictSame(verdict.exempted, [{ ruleId: 'calico-update-strategy', reason: 'because' }])
})

void t.test('of several rules that fail in both halves each is reported once', async (t) => {
  const broken = (id: string) =>
    testRule({
      id,
      check() {
        throw new Error('no check')
      },
      fix() {
        throw new Error('no fix')
      }
    })
  const { verdict } = mutateThenValidate(
    podSubject(),
    [broken('one'), broken('two')],
    snapshot({ modes: { one: 'enforce', two: 'enforce' } })
  )
  t.strictSame(
    verdict.faults.map(({ ruleId }) => ruleId),
    ['one', 'two']
  )
})
