import t from 'tap'
import { staticCgroupOf } from '../../../src/kubernetes/pods/pod-cgroup.ts'

void t.test('a static pod is counted by the hash of its file, any other by its uid', async (t) => {
  const hash = { 'kubernetes.io/config.hash': 'abc' }
  t.equal(staticCgroupOf({ annotations: { ...hash, 'kubernetes.io/config.mirror': 'abc' } }), 'abc')
  t.equal(staticCgroupOf({ annotations: hash }), undefined, 'anyone may write that one')
  t.equal(staticCgroupOf({}), undefined)
})
