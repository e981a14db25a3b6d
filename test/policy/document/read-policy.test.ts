import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { PolicyError } from '../../../src/policy/document/policy-error.ts'
import { readPolicy } from '../../../src/policy/document/read-policy.ts'
import { complaintsOf, documentOf, policyOf, rules, specComplaints } from '../../support/policies.ts'

t.test('a document of only apiVersion and kind is the complete default policy', async (t) => {
  const policy = readPolicy('apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\n', { rules, source: 'p' })
  t.equal(policy.name, 'default')
  t.ok(policy.systemNamespaces.includes('kube-system'))
  t.strictSame(
    [...policy.base.modes],
    rules.map((rule) => [rule.id, rule.defaultMode])
  )
  t.strictSame(policy.base.requests, { bestEffortPods: 'reject', cpu: '10m', memory: '32Mi' })
  t.strictSame(policy.base.pids, { estimate: 50, limit: undefined, trustDeclared: false, profiles: [] })
  t.strictSame(policy.base.headroom.floor, { share: 0.1 })
  t.equal(policy.base.headroom.maxAge, 60_000)
  t.equal(policy.base.calico.iptablesBackend, undefined, 'pidguard does not guess the backend')
  t.strictSame(policy.tuning, { pids: undefined, cpu: undefined, memory: undefined, floor: undefined })
})

t.test('all mistakes are told at once, each at its place', async (t) => {
  const complaints = specComplaints(`rules:
  best-efort: enforce
  best-effort: deny
pids:
  estimate: 60
  limit: 50
headroom:
  maxAge: 0s
overrides:
- name: batch
- name: batch
  namespaces: {}
unknown: 1`)
  t.strictSame(complaints, [
    'policy.yaml:5:5: spec.rules.best-efort: no such rule; did you mean best-effort?',
    'policy.yaml:6:5: spec.rules.best-effort: expected off, audit, warn or enforce, found "deny"',
    'policy.yaml:8:5: spec.pids.estimate: estimate 60 is above limit 50',
    'policy.yaml:11:5: spec.headroom.maxAge: expected a duration from 1s to 1h, such as 60s or 1m30s, found "0s"',
    'policy.yaml:13:5: spec.overrides[0].namespaces: expected a mapping, which is missing',
    'policy.yaml:14:5: spec.overrides[1].name: a second batch; names must be unique',
    'policy.yaml:15:5: spec.overrides[1].namespaces: expected at least one of names, selector',
    'policy.yaml:16:3: spec.unknown: no such field'
  ])
})

t.test('mistakes are there for programs too', async (t) => {
  try {
    readPolicy(documentOf('pids: {estimate: 0}'), { rules, source: 'p' })
    t.fail('taken')
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    t.equal(error.code, 'ERR_POLICY_INVALID')
    t.match(error.mistakes, [{ line: 4, column: 10, path: 'spec.pids.estimate', message: /found 0/ }])
  }
})

t.test('another kind of document is told by its kind alone', async (t) => {
  t.strictSame(complaintsOf('apiVersion: v1\nkind: ConfigMap\ndata: {}\nspec: {rules: 1}\n'), [
    'policy.yaml:1:1: apiVersion: expected pidguard.io/v1alpha1, found "v1"',
    'policy.yaml:2:1: kind: expected PidGuardPolicy, found "ConfigMap"'
  ])
})

t.test('another version is told with everything else', async (t) => {
  const complaints = complaintsOf('apiVersion: pidguard.io/v2\nkind: PidGuardPolicy\nspec: {pids: {estimate: 0}}\n')
  t.equal(complaints.length, 2)
})

for (const text of ['', 'hello', '[]', 'a: [', '1']) {
  t.test(`not a policy at all: ${JSON.stringify(text)}`, async (t) => {
    t.ok(complaintsOf(text).length >= 1)
  })
}

t.test('any text is either taken or refused with places', async () => {
  const words = ['spec', 'rules', '__proto__', '1', ':', ' ', '\n', '- ', '{', '}', '[', ']', '&a ', '*a', '"']
  const texts = fc.array(fc.constantFrom(...words)).map((parts) => parts.join(''))
  fc.assert(fc.property(texts, (text) => complaintsOf(text).every((line) => /^policy.yaml:\d+:\d+: /.test(line))))
})

const mode = fc.constantFrom('enforce', 'warn', 'audit', 'off')
const count = fc.integer({ min: 1, max: 4_194_304 })

/** Any of these fields, or none. */
function some<T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record<T, never>(shape, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>
}

t.test('any subset of fields is read back, and the others keep their defaults', async (t) => {
  const defaults = policyOf().base
  const layers = some({
    rules: some(Object.fromEntries(rules.map(({ id }) => [id, mode]))),
    requests: some({ cpu: fc.constantFrom('1', '500m', '0.1'), memory: fc.constantFrom('1Gi', '1e6') }),
    pids: some({ limit: fc.integer({ min: 50, max: 4_194_304 }) }),
    headroom: some({
      floor: fc.integer({ min: 0, max: 4_194_304 }),
      budget: some({ perNode: count, total: count }),
      schedulePids: fc.boolean(),
      taintNodes: fc.boolean(),
      taintHysteresis: fc.integer({ min: 0, max: 4_194_304 })
    }),
    calico: some({
      iptablesBackend: fc.constantFrom('Legacy', 'NFT'),
      operatorManaged: fc.constantFrom('report', 'mutate'),
      repair: fc.boolean()
    })
  })
  fc.assert(
    fc.property(layers, (spec) => {
      const { base } = policyOf(stringify(spec))
      t.strictSame(Object.fromEntries(base.modes), { ...Object.fromEntries(defaults.modes), ...spec.rules })
      t.strictSame(base.requests, { ...defaults.requests, ...spec.requests })
      t.strictSame(base.pids, { ...defaults.pids, ...spec.pids })
      const { floor, taintHysteresis, ...headroom } = spec.headroom ?? {}
      const budget = { ...defaults.headroom.budget, ...spec.headroom?.budget }
      const wanted = {
        floor: floor === undefined ? defaults.headroom.floor : { pids: floor },
        taintHysteresis: taintHysteresis === undefined ? defaults.headroom.taintHysteresis : { pids: taintHysteresis }
      }
      t.strictSame(base.headroom, { ...defaults.headroom, ...headroom, budget, ...wanted })
      t.strictSame(base.calico, { ...defaults.calico, ...spec.calico })
    }),
    { numRuns: 50 }
  )
})
