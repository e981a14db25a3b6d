import t from 'tap'
import { InputFacts, ofFelix } from '../../src/engine/input-facts.ts'
import { fleetOf } from '../support/headroom.ts'
import { calicoObject, workloadObject } from '../support/subjects.ts'

const none = new Map<string, Record<string, string>>()

void t.test('a Namespace brings its labels, its own name among them, and its annotations', async (t) => {
  const facts = new InputFacts('default', none)
  const metadata = { name: 'shop', labels: { env: 'dev', odd: 7 }, annotations: { a: 'b' } }
  t.equal(facts.add({ apiVersion: 'v1', kind: 'Namespace', metadata }), 'shop')
  t.strictSame(facts.namespace('shop'), {
    labels: { 'kubernetes.io/metadata.name': 'shop', env: 'dev' },
    annotations: { a: 'b' }
  })
  t.equal(facts.namespace('other'), undefined)
})

void t.test('labels from the command line stay where the Namespace does not say otherwise', async (t) => {
  const facts = new InputFacts('default', new Map([['shop', { env: 'prod', team: 'a' }]]))
  t.equal(facts.namespace('shop')?.labels['env'], 'prod')
  facts.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { env: 'dev' } } })
  t.match(facts.namespace('shop')?.labels, { env: 'dev', team: 'a' })
})

void t.test('LimitRanges of a namespace add up; one without a namespace is in the default one', async (t) => {
  const facts = new InputFacts('default', none)
  t.equal(facts.knowsLimitRanges, false)
  const limits = [{ type: 'Container', min: { cpu: '1m', memory: null } }]
  t.equal(facts.add({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'a' }, spec: { limits } }), 'default')
  facts.add({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'b' }, spec: { limits: [{ type: 'Pod' }] } })
  const refused = [{ type: 'Container', min: { cpu: '1m' } }, 'text', { min: {} }]
  facts.add({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'c' }, spec: { limits: refused } })
  t.strictSame(facts.limitRanges('default'), [{ type: 'Container', min: { cpu: '1m', memory: '0' } }, { type: 'Pod' }])
  t.strictSame(facts.limitRanges('shop'), [])
  t.equal(facts.knowsLimitRanges, true)
})

void t.test('what says nothing of a namespace, or not understandably, says nothing', async (t) => {
  const facts = new InputFacts('default', none)
  t.equal(facts.add({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop' } }), undefined)
  t.equal(facts.add({ apiVersion: 'v2', kind: 'Namespace', metadata: { name: 'shop' } }), undefined)
  t.equal(facts.add({ apiVersion: 'v1', kind: 'Namespace', metadata: 'x' }), undefined)
  t.equal(facts.add({ apiVersion: 'v1', kind: 'Namespace', metadata: null }), undefined)
  t.equal(facts.add({ apiVersion: 'v1', kind: 'Namespace' }), undefined)
  facts.add({ apiVersion: 'v1', kind: 'LimitRange', metadata: { namespace: 'shop' }, spec: 'x' })
  t.strictSame(facts.limitRanges('shop'), [])
})

void t.test('the inputs go before the cluster, namespace by namespace', async (t) => {
  const { headroom } = fleetOf({})
  const there = { labels: { env: 'there' }, annotations: {} }
  const facts = new InputFacts('default', none, {
    headroom,
    namespaceFacts: (name) => (name === 'new' ? undefined : there),
    limitRanges: () => [{ type: 'Container' }]
  })
  t.equal(facts.headroom, headroom)
  t.equal(facts.knowsLimitRanges, true)
  t.equal(facts.namespace('shop'), there)
  t.equal(facts.namespace('new'), undefined)
  t.strictSame(facts.limitRanges('shop'), [{ type: 'Container' }])
  facts.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { env: 'here' } } })
  const spec = { limits: [{ type: 'Pod' }] }
  facts.add({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'a', namespace: 'shop' }, spec })
  t.equal(facts.namespace('shop')?.labels['env'], 'here')
  t.strictSame(facts.limitRanges('shop'), [{ type: 'Pod' }])
})

void t.test('FelixConfigurations and DaemonSets that run Felix', async (t) => {
  const facts = new InputFacts('default', none)
  t.strictSame(facts.ofFelix, {}, 'none: nothing is known, not that there are none')
  const felix = (group: string, name: string, iptablesBackend: unknown) =>
    facts.add({ apiVersion: group, kind: 'FelixConfiguration', metadata: { name }, spec: { iptablesBackend } })
  t.equal(felix('crd.projectcalico.org/v1', 'default', 'Legacy'), ofFelix)
  t.equal(felix('crd.projectcalico.org/v1', 'node.a', 3), ofFelix)
  t.equal(felix('example.com/v1', 'default', 'NFT'), undefined)
  t.strictSame(facts.felixConfigurations, [
    { name: 'default', iptablesBackend: 'Legacy', nftablesMode: undefined },
    { name: 'node.a', iptablesBackend: undefined, nftablesMode: undefined }
  ])
  felix('projectcalico.org/v3', 'default', 'NFT')
  t.strictSame(
    facts.felixConfigurations,
    [{ name: 'default', iptablesBackend: 'NFT', nftablesMode: undefined }],
    'the other group is what a cluster that moved has left behind'
  )
  t.equal(facts.add(calicoObject()), ofFelix)
  t.equal(facts.add({ ...calicoObject(), apiVersion: 'extensions/v1beta1' }), ofFelix, 'an old version of it')
  t.equal(facts.add(workloadObject('apps/v1/DaemonSet')), undefined)
  t.equal(facts.add({ ...calicoObject(), spec: 'no spec' }), undefined, 'reported when it is checked itself')
  t.match(facts.felixDaemonSets, [{ name: 'calico-node', isPinned: false }])
})

void t.test('a PodGroup says how many pods belong together; one that does not say it says nothing', async (t) => {
  const facts = new InputFacts('default', none)
  const group = (apiVersion: string, name: string, spec: unknown) =>
    facts.add({ apiVersion, kind: 'PodGroup', metadata: { name }, spec })
  t.equal(group('scheduling.x-k8s.io/v1alpha1', 'a', { minMember: 4 }), 'default')
  t.equal(group('scheduling.x-k8s.io/v1alpha1', 'b', {}), undefined)
  t.equal(group('scheduling.x-k8s.io/v1alpha1', 'c', 'x'), undefined)
  t.equal(group('example.com/v1', 'd', { minMember: 4 }), undefined)
  t.strictSame([...facts.podGroupSizes], [['scheduling.x-k8s.io default/a', 4]])
})
