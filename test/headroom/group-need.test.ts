import t from 'tap'
import { groupNeedOf, sayGroup, unknownGroup } from '../../src/headroom/group-need.ts'
import type { PodGroup } from '../../src/kubernetes/pods/pod-groups.ts'
import { podSubject } from '../support/subjects.ts'

const spec = { schedulingGroup: { podGroupName: 'gang' } }
const key = 'scheduling.k8s.io default/gang'
/** The size the group says, and then as many pods are needed. */
const headroom = { neededAtOnce: ({ size }: PodGroup) => (size === undefined ? undefined : { pods: size, idle: 0 }) }

t.test('a pod alone needs itself', async (t) => {
  const need = groupNeedOf(podSubject(), headroom)
  t.match(need, { group: undefined, pods: 1, isUnknown: false })
  t.strictSame([sayGroup(need), unknownGroup(need)], ['', []])
})

t.test('objects among the inputs say the size of a group', async (t) => {
  const need = groupNeedOf(podSubject(spec), headroom, new Map([[key, 6]]))
  t.match(need, { group: { key }, pods: 6, isUnknown: false })
  t.equal(sayGroup(need), '; the group gang needs them at once')
  t.equal(sayGroup({ ...need, pods: 2, idle: 4 }), '; the group gang needs 6 pods at once')
  t.strictSame(unknownGroup(need), [])
})

t.test('unknown is one pod and a warning', async (t) => {
  const need = groupNeedOf(podSubject(spec), headroom, new Map([['another', 6]]))
  t.match(need, { pods: 1, isUnknown: true })
  t.equal(sayGroup(need), '')
  t.match(unknownGroup(need), [{ reason: 'size of the pod group not known', advisory: true }])
})
