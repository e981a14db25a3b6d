import t from 'tap'
import { policyOf, specComplaints } from '../../support/policies.ts'

const exemption = (fields: string) =>
  `exemptions: [{rules: ['*'], reason: long enough, expires: 2027-01-01, ${fields}}]`
const profile = (fields: string) => `pids: {profiles: [{name: p, match: {images: [a]}, ${fields}}]}`
const override = (fields: string) => `overrides: [{name: o, namespaces: {names: [a]}, ${fields}}]`

/** One line of the complaint each; the others are taken. */
const cases: readonly { spec: string; says?: RegExp }[] = [
  { spec: 'rules:\n  best-effort: off' },
  { spec: 'rules: {best-effort: false}', says: /found false/ },
  { spec: 'rules: {unheard-of: warn}', says: /no such rule$/ },
  { spec: profile('estimate: 4194304') },
  { spec: profile('estimate: 4194305'), says: /profiles\[0\].estimate/ },
  { spec: profile('threadCap: {runtime: jvm, threads: 200}') },
  { spec: profile('threadCap: {runtime: java, threads: 200}'), says: /expected dotnet, jvm, nodejs or python/ },
  { spec: profile('threadCap: {runtime: jvm}'), says: /threads: expected a whole number.*missing/ },
  { spec: profile('limit: none'), says: /limit: expected a whole number/ },
  { spec: override('headroom: {maxTaintedShare: 10%}'), says: /set in spec.headroom/ },
  { spec: override('headroom: {taintHysteresis: 10%}'), says: /set in spec.headroom/ },
  { spec: override('exemptions: []'), says: /exemptions: no such field/ },
  { spec: 'podTemplates: [{group: example.com, kind: A, template: /spec/*/template}]' },
  { spec: 'podTemplates: [{group: example.com, kind: A, template: spec/template}]', says: /a pointer such as/ },
  { spec: 'podTemplates: [{group: example.com/v1, kind: A, template: /a}]', says: /group: expected a name/ },
  { spec: override('podTemplates: []'), says: /podTemplates: no such field/ },
  { spec: exemption('names: [report-*]') },
  { spec: exemption('names: [Report]'), says: /names\[0\]/ },
  { spec: exemption('kinds: [deployment]'), says: /such as Deployment/ },
  { spec: exemption('namespaces: []'), says: /at least one entry/ },
  { spec: exemption('namespaces: a'), says: /a list of at least one entry, found "a"/ },
  { spec: exemption('selector: {matchLabels: {a: 1}}'), says: /expected a label value, found 1/ },
  { spec: exemption(`selector: {matchLabels: {a: ${'x'.repeat(63)}}}`) },
  { spec: exemption(`selector: {matchLabels: {a: ${'x'.repeat(64)}}}`), says: /expected a label value/ },
  { spec: exemption(`selector: {matchLabels: {x.io/${'a'.repeat(63)}: b}}`) },
  { spec: exemption(`selector: {matchLabels: {x.io/${'a'.repeat(64)}: b}}`), says: /expected a label key/ },
  {
    spec: "exemptions: [{rules: [best-efort], kinds: [Pod], reason: '1234567890', expires: 2027-01-01}]",
    says: /such as best-effort/
  },
  { spec: "exemptions: [{rules: [best-effort], kinds: [Pod], reason: '1234567890', expires: 2027-01-01}]" },
  {
    spec: "exemptions: [{rules: [best-effort], kinds: [Pod], reason: '123456789', expires: 2027-01-01}]",
    says: /10 characters/
  },
  {
    spec: "exemptions: [{rules: [best-effort], kinds: [Pod], reason: '12345678        ', expires: 2027-01-01}]",
    says: /10 char/
  },
  { spec: 'systemNamespaces: []' },
  { spec: 'systemNamespaces: [Kube]', says: /a pattern of one/ }
]
for (const { spec, says } of cases) {
  t.test(spec.slice(0, 100), async (t) => {
    const complaints = specComplaints(spec)
    if (says === undefined) return void t.strictSame(complaints, [])
    t.equal(complaints.length, 1)
    t.match(complaints[0], says)
  })
}

t.test('selectors and profiles come out whole', async (t) => {
  const [found] = policyOf(exemption('selector: {matchExpressions: [{key: a, operator: Exists}]}')).exemptions
  t.strictSame(found?.selector, { matchLabels: {}, matchExpressions: [{ key: 'a', operator: 'Exists', values: [] }] })
  t.strictSame(policyOf(profile('limit: 60')).base.pids.profiles, [
    { name: 'p', match: { images: ['a'], selector: undefined }, estimate: undefined, limit: 60, threadCap: undefined }
  ])
})

t.test('the metadata of the document', async (t) => {
  const { name, systemNamespaces } = policyOf('systemNamespaces: []')
  t.equal(name, 'default')
  t.strictSame(systemNamespaces, [], 'an empty list is a list')
})
