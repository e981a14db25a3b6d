import t from 'tap'
import { mutate } from '../../src/engine/mutate.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { calicoUpdateStrategy as rule } from '../../src/rules/calico-update-strategy.ts'
import { fleetOf, type NodeSketch } from '../support/headroom.ts'
import { findingsOf, mended, skipsOf, snapshotOf, told, type World } from '../support/judge.ts'
import { calicoObject, subjectFrom, tigeraOperator, workloadObject } from '../support/subjects.ts'

/** calico-node with this update strategy; undefined is a DaemonSet that does not say. */
function withStrategy(updateStrategy: unknown, metadata: JsonRecord = {}): JsonRecord {
  const object = calicoObject({ metadata })
  const spec = object['spec'] as JsonRecord
  if (updateStrategy === undefined) delete spec['updateStrategy']
  else spec['updateStrategy'] = updateStrategy
  return object
}

const strategyOf = (object: JsonRecord) => (object['spec'] as JsonRecord)['updateStrategy']
const onDelete = { type: 'OnDelete' }
const denied = ['denial /spec/updateStrategy']

const cases: { name: string; strategy: unknown; want: string[]; patch: string[] }[] = [
  { name: 'OnDelete', strategy: onDelete, want: [], patch: [] },
  { name: 'RollingUpdate', strategy: { type: 'RollingUpdate' }, want: denied, patch: ['replace /spec/updateStrategy'] },
  {
    name: 'not set, which means RollingUpdate',
    strategy: undefined,
    want: denied,
    patch: ['add /spec/updateStrategy']
  },
  { name: 'null', strategy: null, want: denied, patch: ['replace /spec/updateStrategy'] },
  { name: 'without a type', strategy: {}, want: denied, patch: ['replace /spec/updateStrategy'] },
  { name: 'another case', strategy: { type: 'onDelete' }, want: denied, patch: ['replace /spec/updateStrategy'] },
  { name: 'no strategy at all', strategy: 'OnDelete', want: denied, patch: ['replace /spec/updateStrategy'] },
  {
    name: 'a type that is no text',
    strategy: { type: ['OnDelete'] },
    want: denied,
    patch: ['replace /spec/updateStrategy']
  },
  {
    name: 'a rollingUpdate left behind is accepted, and tidied up',
    strategy: { ...onDelete, rollingUpdate: { maxUnavailable: 1 } },
    want: [],
    patch: ['replace /spec/updateStrategy']
  },
  { name: 'a rollingUpdate of null is none', strategy: { ...onDelete, rollingUpdate: null }, want: [], patch: [] }
]
for (const { name, strategy, want, patch } of cases) {
  t.test(name, async (t) => {
    const object = withStrategy(strategy)
    t.strictSame(told(findingsOf(rule, object)), want)
    const { object: after, operations } = mended([rule], object)
    t.strictSame(
      operations.map(({ op, path }) => `${op} ${path}`),
      patch
    )
    if (patch.length > 0) t.strictSame(strategyOf(after), onDelete)
    t.strictSame(findingsOf(rule, after), [], 'the fix clears the finding')
  })
}

t.test('the author reads what the strategy was, however it was written', async (t) => {
  const first = (strategy: unknown) =>
    mutate(subjectFrom(withStrategy(strategy)), [rule], snapshotOf()).notes[0]?.split(' changed')[0]
  t.equal(first({ type: 'RollingUpdate' }), 'calico-update-strategy: RollingUpdate')
  for (const none of [undefined, null, 'OnDelete', {}, { type: 7 }]) {
    t.equal(first(none), 'calico-update-strategy: not set', JSON.stringify(none))
  }
  t.equal(first({ type: 'x'.repeat(21) }), `calico-update-strategy: ${'x'.repeat(20)}`, 'and no more of it')
})

t.test('a spec that is none', async (t) => {
  t.strictSame(findingsOf(rule, { ...calicoObject(), spec: null }), [], 'runs no Felix')
  t.throws(() => findingsOf(rule, { ...calicoObject(), spec: 'x' }), { code: 'ERR_OBJECT_MALFORMED' })
})

t.test('other DaemonSets keep their strategy', async (t) => {
  const object = workloadObject('apps/v1/DaemonSet')
  t.strictSame(findingsOf(rule, object), [])
  t.strictSame(mended([rule], object).operations, [])
})

t.test('owned by the tigera operator', async (t) => {
  const ownerReferences = [tigeraOperator]
  const object = withStrategy({ type: 'RollingUpdate' }, { namespace: 'calico-system', ownerReferences })
  t.strictSame(findingsOf(rule, object), [], 'it would report Progressing for ever')
  t.strictSame(mended([rule], object).operations, [])
  const mutate: World = { settings: { calico: { operatorManaged: 'mutate' } } }
  t.strictSame(told(findingsOf(rule, object, mutate)), ['advice /spec/updateStrategy'], 'never denied: it would loop')
  t.strictSame(strategyOf(mended([rule], object, mutate).object), onDelete)
})

t.test('updates', async (t) => {
  const update = (oldObject: JsonRecord): World => ({ request: { operation: 'UPDATE', oldObject } })
  const stored = withStrategy({ type: 'RollingUpdate' })
  const labelled = withStrategy({ type: 'RollingUpdate' }, { labels: { a: 'b' } })
  t.strictSame(
    told(findingsOf(rule, labelled, update(stored))),
    ['advice /spec/updateStrategy'],
    'a label rolls nothing'
  )
  t.strictSame(strategyOf(mended([rule], labelled, update(stored)).object), onDelete, 'but any write is fixed')

  const restarted = withStrategy({ type: 'RollingUpdate' })
  const template = (restarted['spec'] as { template: { metadata: JsonRecord } }).template
  template.metadata['annotations'] = { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' }
  t.strictSame(told(findingsOf(rule, restarted, update(stored))), denied, 'a new template would roll over all nodes')
  t.strictSame(strategyOf(mended([rule], restarted, update(stored)).object), onDelete)

  t.strictSame(told(findingsOf(rule, stored, update(workloadObject('apps/v1/DaemonSet')))), denied, 'becoming Calico')
  t.strictSame(told(findingsOf(rule, stored, update(withStrategy(onDelete)))), denied, 'back to RollingUpdate')
  t.strictSame(findingsOf(rule, withStrategy(onDelete), update(stored)), [], 'to OnDelete')
})

const rolling = { type: 'RollingUpdate' }

/** calico-node of another release. */
function upgraded(strategy: unknown, metadata: JsonRecord = {}): JsonRecord {
  const object = withStrategy(strategy, metadata)
  const { spec } = (object['spec'] as { template: { spec: { containers: JsonRecord[] } } }).template
  spec.containers = spec.containers.map((container) => ({ ...container, image: 'calico/node:v3.32.1' }))
  return object
}

function holding(oldObject: JsonRecord | undefined, nodes?: Readonly<Record<string, NodeSketch>>): World {
  return {
    settings: { calico: { updateStrategy: 'hold' } },
    facts: nodes === undefined ? {} : { headroom: fleetOf(nodes).headroom },
    ...(oldObject === undefined ? undefined : { request: { operation: 'UPDATE', oldObject } })
  }
}

t.test('with hold, RollingUpdate stays', async (t) => {
  const stored = withStrategy(rolling)
  t.strictSame(mended([rule], stored, holding(undefined)).operations, [])
  t.strictSame(findingsOf(rule, stored, holding(undefined)), [], 'new, or as it is stored')
})

t.test('with hold, a change that restarts Felix waits for PIDs', async (t) => {
  // The floor is a tenth of the ceiling: 100 of 1,000.
  const at = (inUse: number): Record<string, NodeSketch> => ({ a: {}, b: { host: [1000, inUse] } })
  const stored = withStrategy(rolling)
  const changes = {
    'a new template': [upgraded(rolling), stored],
    'the end of OnDelete, which rolls what was held back': [stored, withStrategy(onDelete)]
  } as const
  for (const [name, [object, old]] of Object.entries(changes)) {
    t.strictSame(findingsOf(rule, object, holding(old, at(900))), [], `${name}: at the floor`)
    const [finding, ...more] = findingsOf(rule, object, holding(old, at(901)))
    t.strictSame(more, [])
    t.match(finding, { advisory: false, detail: /^1 of 2 nodes below their floor, fullest: b/ }, `${name}: one past it`)
    t.match(finding?.remedy, /With updateStrategy OnDelete in the DaemonSet it passes/)
  }
  t.strictSame(findingsOf(rule, upgraded(onDelete), holding(withStrategy(onDelete), at(999))), [], 'restarts nothing')
  t.strictSame(findingsOf(rule, stored, holding(stored, at(999))), [], 'changes nothing')
  t.strictSame(findingsOf(rule, upgraded(rolling), holding(undefined, at(999))), [], 'a new DaemonSet has to start')
})

t.test('with hold, unknown never denies, and is reported', async (t) => {
  const stored = withStrategy(rolling)
  const world = holding(stored, { a: {}, b: { age: null } })
  t.match(findingsOf(rule, upgraded(rolling), world), [{ advisory: true, reason: 'headroom not known' }])
  t.strictSame(skipsOf(rule, upgraded(rolling), holding(stored)), ['headroom not known'])
  t.strictSame(skipsOf(rule, stored, holding(stored)), [], 'nothing restarts')
})

t.test('with hold, an operator is warned: it could not do anything about a denial', async (t) => {
  const ownerReferences = [
    { apiVersion: 'operator.tigera.io/v1', kind: 'Installation', name: 'default', uid: 'u', controller: true }
  ]
  const stored = withStrategy(rolling, { ownerReferences })
  const world = holding(stored, { a: { host: [1000, 999] } })
  t.match(findingsOf(rule, upgraded(rolling, { ownerReferences }), world), [{ advisory: true }])
})
