import t from 'tap'
import {
  type AdmissionPolicy,
  expectedPoliciesOf,
  fallbackChecks,
  fallbackNote
} from '../../src/doctor/fallback-checks.ts'
import { defaultPolicy } from '../../src/policy/policy-of-document.ts'
import { policyRules } from '../../src/rules/index.ts'

const expected = expectedPoliciesOf(defaultPolicy(policyRules), policyRules, 'v1.37.2', 0) ?? []

/** As the API server gives them back: with defaults. */
const stored: readonly AdmissionPolicy[] = expected.map((each) => ({
  ...each,
  spec: { paramKind: null, ...each.spec }
}))

function told(admissionPolicies: readonly AdmissionPolicy[] | undefined, expectedPolicies = expected): string[] {
  return fallbackChecks({ admissionPolicies, expectedPolicies }).map(({ level, found }) => `${level} ${found}`)
}

const rules = 'best-effort, pid-annotations, calico-update-strategy'

void t.test('it says which rules hold while no replica answers', async (t) => {
  t.strictSame(told(stored), [`ok these rules hold: ${rules}`])
  t.strictSame(told([]), [`info nothing is checked: ${rules} could be, by the API server itself`])
})

void t.test('what may not be read, or what a server does not have, is not spoken of', async (t) => {
  t.strictSame(told(undefined), [])
  t.equal(expectedPoliciesOf(defaultPolicy(policyRules), policyRules, 'v1.29.4', 0), undefined)
  t.equal(expectedPoliciesOf(undefined, policyRules, 'v1.37.2', 0), undefined)
  t.strictSame(fallbackChecks({ admissionPolicies: [], expectedPolicies: undefined }), [])
})

void t.test('an audit says it in one sentence, by what is bound', async (t) => {
  t.equal(
    fallbackNote(stored),
    'while pidguard is down the API server itself checks best-effort, pid-annotations, calico-update-strategy, and nothing else is checked'
  )
  t.match(fallbackNote([]), 'nothing is checked; the component fallback')
  t.match(fallbackNote(stored.filter(({ kind }) => !kind.endsWith('Binding'))), 'nothing is checked')
  t.match(fallbackNote(undefined), 'not known')
})

void t.test('one that is missing, changed, or of another policy', async (t) => {
  const name = 'best-effort.pods.pidguard.io'
  const without = stored.filter(
    ({ kind, metadata }) => !(kind === 'ValidatingAdmissionPolicyBinding' && metadata.name === name)
  )
  t.strictSame(told(without), [`warn not there, or not what the policy says now: ${name}`])
  const changed = stored.map((each) =>
    each.metadata.name === name
      ? { ...each, spec: { ...(each.spec as object), failurePolicy: 'Ignore', validationActions: ['Warn'] } }
      : each
  )
  t.strictSame(told(changed), [`warn not there, or not what the policy says now: ${name}`])
  const more = [...stored, { kind: 'ValidatingAdmissionPolicy', metadata: { name: 'x.pidguard.io' }, spec: {} }]
  t.strictSame(told(more), ['warn not part of the fallback, or no longer: x.pidguard.io'])
})
