import t from 'tap'
import { pinnedBy, readInt64, requiredAffinityOf, termOf } from '../../../src/kubernetes/placement/node-affinity.ts'

t.test('whole numbers as Go reads them', async (t) => {
  t.equal(readInt64('+7'), 7n)
  t.equal(readInt64('-9223372036854775808'), -9223372036854775808n)
  for (const text of ['', '-', '0x1', '1_0', '1.0', ' 1', '9223372036854775808', '-9223372036854775809'])
    t.equal(readInt64(text), undefined, text)
})

t.test(
  'required affinity is found where it is, and is undefined where a part is missing or has the wrong shape',
  async (t) => {
    const required = { nodeSelectorTerms: [] }
    const name = 'requiredDuringSchedulingIgnoredDuringExecution'
    t.equal(requiredAffinityOf({ affinity: { nodeAffinity: { [name]: required } } }), required)
    for (const affinity of [undefined, null, 'x', {}, { nodeAffinity: null }, { nodeAffinity: { [name]: null } }])
      t.equal(requiredAffinityOf({ affinity }), undefined, JSON.stringify(affinity))
  }
)

t.test('a term that the scheduler cannot parse matches no node', async (t) => {
  const label = { key: 'zone', operator: 'In', values: ['a'] }
  const field = { key: 'metadata.name', operator: 'In', values: ['n1'] }
  t.strictSame(termOf({ matchExpressions: [label], matchFields: [field] }), {
    labels: [{ key: 'zone', operator: 'In', values: new Set(['a']), bound: 0n }],
    fields: [{ key: 'metadata.name', operator: 'In', values: new Set(['n1']), bound: 0n }]
  })
  for (const wrong of [
    {},
    { matchExpressions: [] },
    { matchExpressions: ['zone'] },
    { matchExpressions: [{ ...label, key: 'not a label' }] },
    { matchExpressions: [{ ...label, operator: 'Equals' }] },
    { matchExpressions: [{ ...label, values: ['not a value!'] }] },
    { matchExpressions: [{ ...label, values: [1] }] },
    { matchExpressions: [label], matchFields: [{ ...field, values: [] }] },
    { matchFields: [{ ...field, operator: 'Exists' }] },
    { matchFields: [null] }
  ])
    t.equal(termOf(wrong), undefined, JSON.stringify(wrong))
})

t.test('only a single term with a name pins a pod to a node', async (t) => {
  const byName = termOf({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] })
  const notByName = termOf({ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['n1'] }] })
  if (byName === undefined || notByName === undefined) throw new Error('both terms are valid')
  t.equal(pinnedBy([byName]), 'n1')
  t.equal(pinnedBy([notByName]), undefined)
  t.equal(pinnedBy([byName, byName]), undefined)
  t.equal(pinnedBy([]), undefined)
  t.equal(pinnedBy(undefined), undefined)
})
