import t from 'tap'
import { parse } from 'yaml'
import { isRecord } from '../../../src/lib/json/shape.ts'
import { defaultPolicyText } from '../../../src/policy/document/default-document.ts'
import { policyJsonSchema } from '../../../src/policy/document/json-schema.ts'
import { isValid } from '../../support/json-schema.ts'
import { documentOf, rules, specComplaints } from '../../support/policies.ts'

const schema = policyJsonSchema(rules)

t.test('it is a draft 2020-12 schema that stands by itself', async (t) => {
  t.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
  t.equal(schema.title, 'PidGuardPolicy')
  t.notMatch(JSON.stringify(schema), /\$ref|\$defs|fallback/)
})

t.test('the default policy is valid, and so is the shortest', async (t) => {
  t.equal(isValid(schema, parse(defaultPolicyText(rules))), true)
  t.equal(isValid(schema, { apiVersion: 'pidguard.io/v1alpha1', kind: 'PidGuardPolicy' }), true)
  t.equal(isValid(schema, { apiVersion: 'pidguard.io/v1alpha1' }), false)
})

const good = [
  'rules: {best-effort: "off"}',
  'requests: {cpu: 10m, memory: 1e6}',
  'requests: {cpu: 1, memory: 0.5Gi}',
  'pids: {estimate: 1, limit: 4194304}',
  'pids: {limit: none}',
  'headroom: {floor: 500, maxAge: 1m30s, maxTaintedShare: 12.5%}',
  'calico: {iptablesBackend: nft}',
  'overrides: [{name: a, namespaces: {names: [a*]}, headroom: {floor: 30%}}]',
  "exemptions: [{rules: ['*', best-effort], kinds: [Pod], reason: a good reason, expires: '2027-01-31'}]",
  'exemptions: [{rules: [best-effort], selector: {matchLabels: {a/b: c}}, reason: a good reason, expires: 2027-01-31}]',
  'exemptions: [{rules: [best-effort], names: [a-*], reason: a good reason, expires: 2027-01-31T00:00:00Z}]',
  'namespaceTuning: {pids: {max: 5}, floor: {min: 5%, max: 6%}}'
]
for (const spec of good) {
  t.test(`valid for editors and for us: ${spec}`, async (t) => {
    t.strictSame(specComplaints(spec), [])
    t.equal(isValid(schema, parse(documentOf(spec))), true)
  })
}

const bad = [
  'rules: {best-efort: enforce}',
  'rules: {best-effort: deny}',
  'requests: {cpu: 10mm}',
  'pids: {estimate: 0}',
  'pids: {estimate: 4194305}',
  'pids: {profiles: [{name: a, match: {}, estimate: 1}]}',
  'headroom: {floor: 10}\nheadrom: {}',
  'headroom: {maxAge: 60}',
  'headroom: {taintNodes: "true"}',
  'calico: {iptablesBackend: auto}',
  'overrides: [{name: a, namespaces: {names: []}}]',
  'overrides: [{name: a, namespaces: {names: [a]}, headroom: {taintNodes: true}}]',
  'exemptions: [{rules: [nonsense], kinds: [Pod], reason: a good reason, expires: 2027-01-31}]',
  'exemptions: [{rules: [best-effort], kinds: [Pod], reason: short, expires: 2027-01-31}]',
  'exemptions: [{rules: [best-effort], kinds: [Pod], reason: a good reason, expires: tomorrow}]',
  'namespaceTuning: {pids: {min: 5}}'
]
for (const spec of bad) {
  t.test(`wrong for editors and for us: ${spec}`, async (t) => {
    t.not(specComplaints(spec).length, 0)
    t.equal(isValid(schema, parse(documentOf(spec))), false)
  })
}

t.test('every field tells what it is for', async (t) => {
  t.strictSame(undescribed(schema, ''), [])
})

t.test('defaults stand at the settings, and overrides inherit instead', async (t) => {
  t.equal(at(schema, 'spec.requests.cpu').default, '10m')
  t.equal(at(schema, 'spec.rules.node-pid-max').default, 'audit')
  t.equal(at(schema, 'spec.headroom.taintNodes').default, false)
  t.equal(at(schema, 'spec.calico.iptablesBackend').default, undefined)
  const override = at(schema, 'spec.overrides').items
  t.notMatch(JSON.stringify(override), /"default"/)
})

function at(from: unknown, path: string): Record<string, unknown> {
  let found = from
  for (const key of path.split('.'))
    found = isRecord(found) && isRecord(found.properties) ? found.properties[key] : undefined
  return isRecord(found) ? found : {}
}

function undescribed(from: unknown, path: string): string[] {
  if (!isRecord(from)) return []
  const own = isRecord(from.properties) ? Object.entries(from.properties) : []
  return [
    ...own.flatMap(([key, field]) => [
      ...(isRecord(field) && typeof field.description === 'string' ? [] : [`${path}.${key}`]),
      ...undescribed(field, `${path}.${key}`)
    ]),
    ...undescribed(from.items, `${path}[]`)
  ]
}

void t.test('Helm can read every pattern: Go repeats nothing more than a thousand times in all', async (t) => {
  const patterns = [...JSON.stringify(schema).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
    ([, text = '']) => JSON.parse(text) as string
  )
  t.ok(patterns.length > 10)
  for (const pattern of patterns) {
    const nested = /\{\d*,?(\d+)\}[^(]*\)\{\d*,?(\d+)\}/.exec(pattern)
    t.ok(nested === null || Number(nested[1]) * Number(nested[2]) <= 1000, pattern)
  }
})
