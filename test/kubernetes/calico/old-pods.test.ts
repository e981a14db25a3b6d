import t from 'tap'
import { oldPodsOf } from '../../../src/kubernetes/calico/old-pods.ts'

const metadata = { generation: 3 }
const cases = [
  { name: 'the controller leaves out what is 0', status: { currentNumberScheduled: 3 }, want: 3 },
  { name: 'some', status: { currentNumberScheduled: 3, updatedNumberScheduled: 2 }, want: 1 },
  { name: 'none', status: { currentNumberScheduled: 3, updatedNumberScheduled: 3 }, want: 0 },
  {
    name: 'updated, and not wanted there any more',
    status: { currentNumberScheduled: 2, updatedNumberScheduled: 3 },
    want: 0
  },
  { name: 'not a count', status: { currentNumberScheduled: '3' }, want: undefined }
]
for (const { name, status, want } of cases) {
  t.test(name, async (t) => t.equal(oldPodsOf({ metadata, status: { observedGeneration: 3, ...status } }), want))
}

t.test('a count of another template is none', async (t) => {
  t.equal(oldPodsOf({ metadata, status: { observedGeneration: 2, currentNumberScheduled: 3 } }), undefined)
  t.equal(oldPodsOf({ metadata }), undefined)
  t.equal(oldPodsOf({ status: {} }), undefined)
})
