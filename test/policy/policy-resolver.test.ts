import t from 'tap'
import { PolicyResolver } from '../../src/policy/policy-resolver.ts'
import type { NamespaceFacts, Settings } from '../../src/policy/settings.ts'
import { policyOf, rules } from '../support/policies.ts'

function resolverOf(spec: string): PolicyResolver {
  return new PolicyResolver(policyOf(spec), rules)
}

function facts(labels: Record<string, string> = {}, annotations: Record<string, string> = {}): NamespaceFacts {
  return { labels, annotations }
}

function settingsOf(spec: string, namespace: string, known: NamespaceFacts | undefined = facts()): Settings {
  return resolverOf(spec).settingsFor(namespace, known)
}

t.test('the first override that matches is the only one', async (t) => {
  const spec = `pids: {estimate: 10}
overrides:
- {name: one, namespaces: {names: [batch-*]}, pids: {estimate: 20}}
- {name: two, namespaces: {names: ['*']}, pids: {estimate: 30}, requests: {cpu: 1}}`
  t.equal(settingsOf(spec, 'batch-1').pids.estimate, 20)
  t.equal(settingsOf(spec, 'batch-1').requests.cpu, '10m', 'nothing of the second')
  t.equal(settingsOf(spec, 'other').pids.estimate, 30)
  t.equal(settingsOf(spec, '').pids.estimate, 10, 'cluster-scoped objects have the base')
})

t.test('names and selector must both match where both are given', async (t) => {
  const spec = `overrides:
- {name: one, namespaces: {names: [a*], selector: {matchLabels: {team: x}}}, pids: {estimate: 20}}`
  t.equal(settingsOf(spec, 'a', facts({ team: 'x' })).pids.estimate, 20)
  t.equal(settingsOf(spec, 'a', facts({ team: 'y' })).pids.estimate, 50)
  t.equal(settingsOf(spec, 'b', facts({ team: 'x' })).pids.estimate, 50)
})

t.test('an override inherits what it leaves out, and none takes a value away', async (t) => {
  const spec = `pids: {limit: 100, profiles: [{name: p, match: {images: [a]}, estimate: 7}]}
headroom: {budget: {perNode: 5, total: 6}}
overrides:
- {name: one, namespaces: {names: [a]}, pids: {limit: none}, headroom: {budget: {total: none}}}
- {name: two, namespaces: {names: [b]}, pids: {profiles: []}}`
  const [a, b] = [settingsOf(spec, 'a'), settingsOf(spec, 'b')]
  t.equal(a.pids.limit, undefined)
  t.equal(a.pids.profiles.length, 1)
  t.strictSame(a.headroom.budget, { perNode: 5, total: undefined })
  t.equal(b.pids.limit, 100)
  t.strictSame(b.pids.profiles, [])
})

t.test('rules about pods are off in system namespaces, whatever an override says', async (t) => {
  const spec = `systemNamespaces: [kube-*]
rules: {node-pid-max: warn}
overrides:
- {name: all, namespaces: {names: ['*']}, rules: {best-effort: enforce}}`
  const { modes } = settingsOf(spec, 'kube-system')
  t.equal(modes.get('best-effort'), 'off')
  t.equal(modes.get('runtime-thread-cap'), 'off')
  t.equal(modes.get('calico-iptables-backend'), 'enforce')
  t.equal(modes.get('node-pid-max'), 'warn')
  t.equal(settingsOf(spec, 'kube').modes.get('best-effort'), 'enforce')
})

t.test('inject is reject wherever nothing would inject', async (t) => {
  const spec = `requests: {bestEffortPods: inject}
overrides:
- {name: warn, namespaces: {names: [a]}, rules: {resource-requests: warn}}`
  t.equal(settingsOf(spec, 'b').requests.bestEffortPods, 'inject')
  t.equal(settingsOf(spec, 'a').requests.bestEffortPods, 'reject')
  t.equal(settingsOf(spec, 'kube-system').requests.bestEffortPods, 'reject')
})

t.test('unknown labels', async (t) => {
  const spec = `pids: {estimate: 10}
overrides:
- {name: lax, namespaces: {selector: {matchLabels: {team: x}}}, rules: {best-effort: audit}, pids: {estimate: 20}}
- {name: odd, namespaces: {names: [a], selector: {matchLabels: {x: y}}}, rules: {runtime-thread-cap: off}}
- {name: sure, namespaces: {names: [a, b]}, rules: {runtime-thread-cap: enforce}, pids: {estimate: 30}}`
  const resolver = resolverOf(spec)
  const a = resolver.settingsFor('a', undefined)
  t.equal(a.modes.get('best-effort'), 'audit', 'the mildest of all that may apply')
  t.equal(a.modes.get('runtime-thread-cap'), 'off')
  t.equal(a.pids.estimate, 30, 'the rest is that of the first that applies for certain')
  t.strictSame(
    a.notes.map((note) => note.split(' ', 2).join(' ')),
    ['override lax', 'override odd']
  )
  const b = resolver.settingsFor('b', undefined)
  t.equal(b.modes.get('runtime-thread-cap'), 'warn', 'an override whose names do not match cannot apply')
  t.equal(b.notes.length, 1)
  const c = resolver.settingsFor('c', undefined)
  t.equal(c.pids.estimate, 10, 'the base where none applies for certain')
  t.equal(c.modes.get('best-effort'), 'audit')
  t.strictSame(resolver.settingsFor('a', facts()).notes, [])
  t.equal(resolver.settingsFor('a', facts()).modes.get('best-effort'), 'enforce')
})

t.test('unknown labels: a rule that may have to measure by something else only warns', async (t) => {
  const may = (layer: string) => `overrides: [{name: may, namespaces: {selector: {matchLabels: {team: x}}}, ${layer}}]`
  const cases = [
    { layer: 'requests: {bestEffortPods: inject}', warns: ['best-effort'] },
    { layer: 'headroom: {floor: 5%}', warns: ['pid-headroom', 'pid-binding', 'namespace-pid-budget'] },
    { layer: 'headroom: {budget: {total: 9}}', warns: ['pid-headroom', 'pid-binding', 'namespace-pid-budget'] },
    { layer: 'pids: {estimate: 20}', warns: ['pid-headroom', 'pid-binding', 'namespace-pid-budget'] },
    { layer: 'requests: {cpu: 20m}', warns: [] }
  ]
  const rules = ['best-effort', 'pid-headroom', 'pid-binding', 'namespace-pid-budget']
  for (const { layer, warns } of cases) {
    const { modes } = resolverOf(may(layer)).settingsFor('a', undefined)
    for (const id of rules) t.equal(modes.get(id), warns.includes(id) ? 'warn' : 'enforce', `${layer}: ${id}`)
  }
  const lost = resolverOf(`requests: {bestEffortPods: inject}
${may('rules: {resource-requests: warn}')}`).settingsFor('a', undefined)
  t.equal(
    lost.modes.get('best-effort'),
    'warn',
    'nothing is injected for certain, so nothing is denied for the lack of it'
  )
})

t.test('a namespace that is labelled to be ignored is treated as one of the system', async (t) => {
  const { modes } = settingsOf('', 'a', facts({ 'pidguard.io/admission': 'ignore' }))
  t.equal(modes.get('best-effort'), 'off')
  t.equal(modes.get('calico-iptables-backend'), 'enforce')
  t.equal(settingsOf('', 'a', facts({ 'pidguard.io/admission': 'no' })).modes.get('best-effort'), 'enforce')
})

t.test('an override behind one that applies for certain cannot apply', async (t) => {
  const spec = `overrides:
- {name: sure, namespaces: {names: [a]}}
- {name: lax, namespaces: {selector: {matchLabels: {team: x}}}, rules: {best-effort: 'off'}}`
  const settings = settingsOf(spec, 'a', undefined)
  t.equal(resolverOf(spec).settingsFor('a', undefined).modes.get('best-effort'), 'enforce')
  t.strictSame(settings.notes, [])
})

t.test('the label kubernetes.io/metadata.name is always known', async (t) => {
  const resolver = resolverOf(`overrides:
- name: by-label
  namespaces: {selector: {matchLabels: {kubernetes.io/metadata.name: a}}}
  pids: {estimate: 20}
- name: by-expression
  namespaces: {selector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [a, b]}]}}
  pids: {estimate: 30}
- name: mixed
  namespaces: {selector: {matchLabels: {kubernetes.io/metadata.name: b, team: x}}}
  pids: {estimate: 40}`)
  for (const known of [undefined, facts()]) {
    t.equal(resolver.settingsFor('a', known).pids.estimate, 20)
    t.equal(resolver.settingsFor('c', known).pids.estimate, 30)
    t.strictSame(resolver.settingsFor('a', known).notes, [])
    t.strictSame(resolver.settingsFor('c', known).notes, [])
  }
  t.equal(resolver.settingsFor('b', undefined).notes.length, 1)
  t.equal(resolver.settingsFor('b', facts({ team: 'x' })).pids.estimate, 40)
  t.equal(
    resolver.settingsFor('b', facts({ 'kubernetes.io/metadata.name': 'a' })).pids.estimate,
    50,
    'nor can it be forged'
  )
})

t.test('settings are remembered by name and facts, and shared', async (t) => {
  const resolver = resolverOf('overrides: [{name: o, namespaces: {selector: {matchLabels: {a: b}}}}]')
  const known = facts({ a: 'b' })
  const first = resolver.settingsFor('one', known)
  t.equal(resolver.settingsFor('one', known), first)
  t.equal(resolver.settingsFor('two', facts({ a: 'b' })), first, 'namespaces with nothing of their own share')
  t.not(resolver.settingsFor('one', facts()), first, 'new facts are looked at')
  const guessed = resolver.settingsFor('three', undefined)
  t.equal(resolver.settingsFor('three', undefined), guessed)
})

t.test('what is remembered is bounded', async (t) => {
  const resolver = resolverOf('overrides: [{name: o, namespaces: {selector: {matchLabels: {a: b}}}}]')
  const first = resolver.settingsFor('n0', undefined)
  for (let i = 1; i < 20_000; i++) resolver.settingsFor(`n${i}`, undefined)
  t.equal(resolver.settingsFor('n0', undefined), first, 'at the bound')
  resolver.settingsFor('n20000', undefined)
  t.not(resolver.settingsFor('n0', undefined), first, 'one past it')
})

t.test('annotations of the namespace tune within bounds', async (t) => {
  const spec = 'namespaceTuning: {pids: {max: 500}}'
  const tuned = settingsOf(spec, 'a', facts({}, { 'pidguard.io/default-pids': '200' }))
  t.equal(tuned.pids.estimate, 200)
  t.strictSame(tuned.notes, [])
  const unknown = resolverOf(spec).settingsFor('a', undefined)
  t.equal(unknown.pids.estimate, 50)
  t.match(unknown.notes, [/annotations of the namespace are not known/])
  const forbidden = settingsOf('', 'a', facts({}, { 'pidguard.io/default-pids': '200' }))
  t.equal(forbidden.pids.estimate, 50)
  t.match(forbidden.notes, [/ignored: the policy does not allow it/])
})
