import t from 'tap'
import { evaluate, type JudgingInput } from '../../src/engine/evaluate.ts'
import type { Mode } from '../../src/model/finding.ts'
import { finding, testRule } from '../support/rules.ts'
import { settings } from '../support/settings.ts'
import { podObject, podSubject } from '../support/subjects.ts'

function snapshot(modes: Record<string, Mode> = {}, change: Partial<JudgingInput> = {}): JudgingInput {
  return { settings: settings({ modes }), facts: {}, exemption: () => undefined, ...change }
}

const empty = { findings: [], skips: [], faults: [], exempted: [] }
const finds = testRule({ check: () => [finding()] })

void t.test('a finding is told with its rule and its remedy', async (t) => {
  t.strictSame(evaluate(podSubject(), [finds], snapshot()), {
    ...empty,
    findings: [{ ...finding(), ruleId: 'test-rule', remedy: 'Do this. Or do that.' }]
  })
})

void t.test('a rule that is off is not asked, not even about an exemption', async (t) => {
  const throwing = testRule({ check: () => t.fail('asked') as never })
  const exemption = (): never => t.fail('exempted') as never
  t.strictSame(evaluate(podSubject(), [throwing], snapshot({ 'test-rule': 'off' }, { exemption })), empty)
})

void t.test('an exempted rule is not asked, and is told with the reason', async (t) => {
  const exemption = (ruleId: string): string | undefined => (ruleId === 'test-rule' ? 'INC-1' : undefined)
  t.strictSame(evaluate(podSubject(), [finds], snapshot({}, { exemption })), {
    ...empty,
    exempted: [{ ruleId: 'test-rule', reason: 'INC-1' }]
  })
})

void t.test(
  'a rule that finds nothing and lacks something is skipped; with a finding that does not matter',
  async (t) => {
    const unsure = { missingFact: () => 'reading not known' }
    t.strictSame(evaluate(podSubject(), [testRule(unsure)], snapshot()), {
      ...empty,
      skips: [{ ruleId: 'test-rule', reason: 'reading not known' }]
    })
    const sure = testRule({ ...unsure, check: () => [finding()] })
    t.match(evaluate(podSubject(), [sure], snapshot()), { findings: [{ ruleId: 'test-rule' }], skips: [] })
  }
)

void t.test('a rule without its fact is skipped, which is not passed', async (t) => {
  const needy = testRule({ requiredFacts: ['limitRanges'] as never, check: () => [finding()] })
  t.strictSame(evaluate(podSubject(), [needy], snapshot()), {
    ...empty,
    skips: [{ ruleId: 'test-rule', reason: 'limitRanges not known' }]
  })
  t.equal(evaluate(podSubject(), [needy], snapshot({}, { facts: { limitRanges: [] } })).findings.length, 1)
})

void t.test('a rule that throws is a fault and does not silence the others', async (t) => {
  const error = new Error('broken')
  const throwing = testRule({
    id: 'throwing',
    check() {
      throw error
    }
  })
  const verdict = evaluate(podSubject(), [throwing, finds], snapshot())
  t.strictSame(verdict.faults, [{ ruleId: 'throwing', error }])
  t.equal(verdict.findings.length, 1)
})

void t.test('a rule whose reading throws is a fault as well', async (t) => {
  const throwing = testRule({
    check: () => [finding()],
    reads() {
      throw new Error('broken')
    }
  })
  const subject = podSubject({}, {}, { operation: 'UPDATE', oldObject: podObject() })
  t.equal(evaluate(subject, [throwing], snapshot()).faults.length, 1)
})

void t.test('an update that leaves what the rule reads is let through; one that changes it is not', async (t) => {
  const update = (spec: object, oldObject = podObject()): ReturnType<typeof podSubject> =>
    podSubject({ ...spec }, { labels: { changed: 'yes' } }, { operation: 'UPDATE', oldObject })
  t.strictSame(evaluate(update({}), [finds], snapshot()), empty)
  t.equal(evaluate(update({ hostPID: true }), [finds], snapshot()).findings.length, 1)
  t.equal(
    evaluate(update({}, { ...podObject(), spec: 'malformed' }), [finds], snapshot()).findings.length,
    1,
    'a stored object that cannot be read is no excuse'
  )
  t.equal(
    evaluate(podSubject({}, {}, { oldObject: podObject() }), [finds], snapshot()).findings.length,
    1,
    'a creation'
  )
  t.equal(evaluate(podSubject({}, {}, { operation: 'UPDATE' }), [finds], snapshot()).findings.length, 1, 'nothing old')
})

void t.test(
  'a rule for every write warns about an update that leaves alone what it reads, and never denies it',
  async (t) => {
    const subject = podSubject({}, { labels: { changed: 'yes' } }, { operation: 'UPDATE', oldObject: podObject() })
    const always = testRule({ everyWrite: true, check: () => [finding()] })
    t.match(evaluate(subject, [always], snapshot()).findings, [{ advisory: true }])
    const changed = podSubject({ hostPID: true }, {}, { operation: 'UPDATE', oldObject: podObject() })
    t.equal(evaluate(changed, [always], snapshot()).findings[0]?.advisory, undefined)
  }
)

void t.test('a rule for pods never holds up a pod that runs Felix', async (t) => {
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'calico-node', uid: 'u', controller: true }
  const spec = { hostNetwork: true, containers: [{ name: 'calico-node', image: 'calico/node:v3.31.7' }] }
  const by = { userName: 'system:serviceaccount:kube-system:daemon-set-controller' }
  const felix = podSubject(spec, { namespace: 'network', ownerReferences: [owner] }, by)
  const throws = testRule({
    check: () => {
      throw new Error('broken')
    }
  })
  t.match(evaluate(felix, [finds], snapshot()).findings, [{ advisory: true }], 'warned about')
  t.match(evaluate(felix, [throws], snapshot()).faults, [{ failsOpen: true }])
  const ofCluster = testRule({ scope: 'cluster', check: () => [finding()] })
  t.equal(evaluate(felix, [ofCluster], snapshot()).findings[0]?.advisory, undefined)
  t.equal(
    evaluate(podSubject(spec), [finds], snapshot()).findings[0]?.advisory,
    undefined,
    'the name alone is no way around'
  )
})

void t.test('a rule of which the settings ask nothing is neither asked nor skipped', async (t) => {
  const needy = testRule({ requiredFacts: ['limitRanges'] as never, isAsked: ({ pids }) => pids.limit !== undefined })
  t.strictSame(evaluate(podSubject(), [needy], snapshot()), empty)
  const asking = snapshot({}, { settings: settings({ pids: { limit: 5 } }) })
  t.match(evaluate(podSubject(), [needy], asking), { skips: [{ ruleId: 'test-rule' }] })
})
