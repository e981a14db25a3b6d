import t from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import {
  claimableNotes,
  type ExemptionTarget,
  exemptionFor,
  expiredNotes,
  targetOf
} from '../../src/policy/exemptions.ts'
import { policyRules } from '../../src/rules/index.ts'
import { policyOf } from '../support/policies.ts'
import { podObject, subjectFrom } from '../support/subjects.ts'

const day = Date.parse('2027-01-01T00:00:00Z')
const target: ExemptionTarget = {
  namespace: 'legacy',
  kinds: ['Pod', 'Deployment'],
  names: ['report-1', 'report'],
  labels: { a: 'b' }
}

function exemptionsOf(scope: string, rules = '[best-effort]', expires = '2027-01-31') {
  return policyOf(`exemptions: [{rules: ${rules}, ${scope}, reason: long enough to tell, expires: ${expires}}]`)
    .exemptions
}

const cases = [
  { name: 'namespace', scope: 'namespaces: [leg*]', want: true },
  { name: 'another namespace', scope: 'namespaces: [other]', want: false },
  { name: 'kind', scope: 'kinds: [StatefulSet, Deployment]', want: true },
  { name: 'another kind', scope: 'kinds: [StatefulSet]', want: false },
  { name: 'any of its names', scope: 'names: [report]', want: true },
  { name: 'another name', scope: 'names: [repor]', want: false },
  { name: 'one of several namespaces', scope: 'namespaces: [other, leg*]', want: true },
  { name: 'one of several names', scope: 'names: [other, report]', want: true },
  { name: 'labels', scope: 'selector: {matchLabels: {a: b}}', want: true },
  { name: 'other labels', scope: 'selector: {matchLabels: {a: c}}', want: false },
  {
    name: 'all scopes',
    scope: "namespaces: ['*'], kinds: [Deployment], names: ['*'], selector: {matchLabels: {a: b}}",
    want: true
  },
  { name: 'all scopes but one', scope: "namespaces: ['*'], kinds: [Deployment], names: [x]", want: false }
]
for (const { name, scope, want } of cases) {
  t.test(name, async (t) => {
    t.equal(exemptionFor(exemptionsOf(scope), 'best-effort', target, day) !== undefined, want)
  })
}

t.test('what is exempted as a workload is exempted in its Pods too, or they would never come', async (t) => {
  const [exemption] = exemptionsOf('kinds: [Deployment], names: [report-*]')
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'report-a-5d9c7b', uid: 'u', controller: true }
  const metadata = {
    generateName: 'report-a-5d9c7b-',
    labels: { 'pod-template-hash': '5d9c7b' },
    ownerReferences: [owner]
  }
  const reached = (object: JsonRecord) =>
    exemption !== undefined &&
    exemptionFor([exemption], 'best-effort', targetOf(subjectFrom(object)), day) !== undefined
  t.equal(reached(podObject({}, metadata)), true)
  t.equal(reached(podObject({}, { ...metadata, ownerReferences: [{ ...owner, kind: 'Job' }] })), false)
  t.equal(reached(podObject({}, { name: 'report-a' })), false, 'a Pod of nobody')
})

t.test('it holds for its rules only, and * is all of them', async (t) => {
  const one = exemptionsOf('namespaces: [legacy]')
  t.equal(exemptionFor(one, 'resource-requests', target, day), undefined)
  const all = exemptionsOf('namespaces: [legacy]', "['*']")
  t.equal(exemptionFor(all, 'resource-requests', target, day)?.reason, 'long enough to tell')
})

t.test('cluster-scoped objects are in no namespace', async (t) => {
  t.equal(exemptionFor(exemptionsOf("namespaces: ['*']"), 'best-effort', { ...target, namespace: '' }, day), undefined)
})

t.test('no exemptions, no exemption', async (t) => {
  t.equal(exemptionFor([], 'best-effort', target, day), undefined)
})

const ends = [
  { expires: '2027-01-31', at: Date.parse('2027-02-01T00:00:00Z') },
  { expires: '2027-01-31T10:00:00+01:00', at: Date.parse('2027-01-31T09:00:00Z') }
]
for (const { expires, at } of ends) {
  t.test(`expires ${expires}`, async (t) => {
    const exemptions = exemptionsOf('namespaces: [legacy]', '[best-effort]', expires)
    t.ok(exemptionFor(exemptions, 'best-effort', target, at - 1), 'counts to the last millisecond')
    t.strictSame(expiredNotes(exemptions, at - 1), [])
    t.equal(exemptionFor(exemptions, 'best-effort', target, at), undefined)
    t.match(expiredNotes(exemptions, at), [
      /^an exemption of the policy has expired and no longer counts: ".*" \(last day 2027-\d\d-\d\d\)$/
    ])
  })
}

const claimable = [
  { name: 'by name and kind', scope: 'names: [report-*], kinds: [Deployment]', want: true },
  { name: 'by label', scope: 'selector: {matchLabels: {a: b}}', want: true },
  { name: 'in all namespaces, spelled out', scope: "namespaces: ['*'], names: [x]", want: true },
  { name: 'in a namespace', scope: 'namespaces: [legacy], names: [x]', want: false },
  { name: 'in namespaces of a pattern', scope: "namespaces: ['team-*']", want: false },
  { name: 'of a rule about nodes', scope: 'names: [n1]', rules: '[node-pid-max]', want: false },
  { name: 'of all rules', scope: 'names: [n1]', rules: "['*']", want: true },
  { name: 'expired', scope: 'names: [x]', expires: '2026-12-01', want: false }
]
for (const { name, scope, rules, expires, want } of claimable) {
  t.test(`an exemption ${name} ${want ? 'may' : 'may not'} be claimed by who creates a pod`, async (t) => {
    const notes = claimableNotes(exemptionsOf(scope, rules, expires), policyRules, day)
    t.strictSame(notes.length, want ? 1 : 0)
    if (want)
      t.match(notes[0], /^the exemption "long enough to tell" holds in every namespace: .* Give it namespaces\.$/)
  })
}
