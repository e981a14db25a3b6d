import t from 'tap'
import type { JudgingInput } from '../../src/engine/evaluate.ts'
import { mutate } from '../../src/engine/mutate.ts'
import type { Mode } from '../../src/model/finding.ts'
import { testRule } from '../support/rules.ts'
import { settings } from '../support/settings.ts'
import { podObject, podSubject } from '../support/subjects.ts'

function snapshot(modes: Record<string, Mode> = {}, change: Partial<JudgingInput> = {}): JudgingInput {
  return {
    settings: settings({ modes: { 'test-rule': 'enforce', second: 'enforce', ...modes } }),
    facts: {},
    exemption: () => undefined,
    ...change
  }
}

const noVerdict = { findings: [], skips: [], faults: [], exempted: [] }
const fixing = testRule({ fix: (_subject, draft) => draft.set('/spec/hostPID', false) })
const operation = { op: 'add', path: '/spec/hostPID', value: false }

void t.test('an enforcing rule mends, and is named', async (t) => {
  t.strictSame(mutate(podSubject(), [fixing], snapshot()), {
    operations: [operation],
    fixedBy: ['test-rule'],
    notes: [],
    verdict: noVerdict
  })
})

void t.test('a rule that only observes changes nothing', async (t) => {
  for (const mode of ['warn', 'audit', 'off'] as const) {
    t.strictSame(mutate(podSubject(), [fixing], snapshot({ 'test-rule': mode })).operations, [], mode)
  }
})

void t.test('a rule without a fix, or whose fix is not for the subject, is passed over', async (t) => {
  const others = [testRule(), testRule({ fix: () => t.fail('asked'), fixes: () => false })]
  t.strictSame(mutate(podSubject(), others, snapshot()), { operations: [], fixedBy: [], notes: [], verdict: noVerdict })
})

void t.test('a fix that changes nothing is not named', async (t) => {
  t.strictSame(mutate(podSubject(), [testRule({ fix: () => {} })], snapshot()).fixedBy, [])
})

void t.test('a later fix sees the object as the earlier one left it', async (t) => {
  const second = testRule({
    id: 'second',
    fix(subject, draft) {
      const spec = subject.object['spec'] as { hostPID?: unknown }
      if (spec.hostPID === false) draft.set('/spec/seen', true)
    }
  })
  t.strictSame(mutate(podSubject(), [fixing, second], snapshot()).fixedBy, ['test-rule', 'second'])
})

void t.test('a fix that throws leaves no half-done change behind, and the fault is told', async (t) => {
  const error = new Error('broken')
  const half = testRule({
    id: 'second',
    fix(_subject, draft) {
      draft.set('/spec/half', true)
      throw error
    }
  })
  const { operations, fixedBy, verdict } = mutate(podSubject(), [fixing, half], snapshot())
  t.strictSame([operations, fixedBy], [[], []])
  t.strictSame(verdict.faults, [{ ruleId: 'second', error }])
})

void t.test('a fix that throws takes back what it and the fixes before it wrote into the object', async (t) => {
  const half = testRule({
    id: 'second',
    fix(_subject, draft) {
      draft.set('/metadata/annotations/a', 'b')
      draft.append('/spec/containers', { name: 'half' })
      draft.remove('/spec/containers/0')
      throw new Error('broken')
    }
  })
  const subject = podSubject()
  const before = structuredClone(subject.object)
  mutate(subject, [fixing, half], snapshot())
  t.strictSame(subject.object, before)
})

void t.test('a condition that throws is a fault, not an end', async (t) => {
  const throwing = testRule({
    fix: () => {},
    fixes() {
      throw new Error('broken')
    }
  })
  t.equal(mutate(podSubject(), [throwing], snapshot()).verdict.faults.length, 1)
})

void t.test('an exempted object is not mended, and told', async (t) => {
  const { operations, verdict } = mutate(podSubject(), [fixing], snapshot({}, { exemption: () => 'INC-1' }))
  t.strictSame(operations, [])
  t.strictSame(verdict.exempted, [{ ruleId: 'test-rule', reason: 'INC-1' }])
})

void t.test('a fix without its fact is skipped, and told', async (t) => {
  const needy = testRule({ requiredFacts: ['limitRanges'] as never, fix: () => t.fail('asked') })
  const { operations, verdict } = mutate(podSubject(), [needy], snapshot())
  t.strictSame(operations, [])
  t.strictSame(verdict.skips, [{ ruleId: 'test-rule', reason: 'limitRanges not known' }])
})

void t.test('an update that leaves what the rule reads is not mended', async (t) => {
  const update = (spec: object): ReturnType<typeof podSubject> =>
    podSubject({ ...spec }, {}, { operation: 'UPDATE', oldObject: podObject() })
  t.strictSame(mutate(update({}), [fixing], snapshot()).operations, [])
  t.equal(mutate(update({ nodeName: 'n' }), [fixing], snapshot()).operations.length, 1)
})
