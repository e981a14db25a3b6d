import t from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { calicoUpdateStrategy as rule } from '../../src/rules/calico-update-strategy.ts'
import { findingsOf, mended, told, type World } from '../support/judge.ts'
import { calicoObject, workloadObject } from '../support/subjects.ts'

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
  const ownerReferences = [
    { apiVersion: 'operator.tigera.io/v1', kind: 'Installation', name: 'default', uid: 'u', controller: true }
  ]
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
