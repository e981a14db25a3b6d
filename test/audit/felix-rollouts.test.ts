import t from 'tap'
import { FelixRollouts } from '../../src/audit/felix-rollouts.ts'

const owner = (name: string, kind = 'DaemonSet') => [{ apiVersion: 'apps/v1', kind, name, uid: 'u', controller: true }]
const calico = { namespace: 'kube-system', name: 'calico-node' }
const pod = (hash: string | undefined, ownerReferences = owner('calico-node')) => ({
  namespace: 'kube-system',
  ...(hash === undefined ? undefined : { labels: { 'controller-revision-hash': hash } }),
  ownerReferences
})

void t.test('the newest revision is the one with the highest number, in whichever order they come', async (t) => {
  const numbers = [2, 10, 1]
  for (const order of [numbers, numbers.toReversed()]) {
    const rollouts = new FelixRollouts()
    rollouts.follow(calico, 'calico-node')
    for (const revision of order) rollouts.addRevision({ metadata: pod(`hash-${revision}`), revision })
    t.equal(rollouts.revisionsOf('kube-system', 'calico-node')?.newest, 'hash-10')
  }
})

void t.test(
  'only pods and revisions of a followed DaemonSet are kept, and only if they say which and where',
  async (t) => {
    const rollouts = new FelixRollouts()
    t.equal(rollouts.isEmpty, true)
    rollouts.follow(calico, 'felix')
    t.strictSame([rollouts.isEmpty, rollouts.follows('kube-system', 'calico-node')], [false, true])
    t.equal(rollouts.follows('other', 'calico-node'), false)
    rollouts.addRevision({ metadata: pod('new', owner('other')), revision: 9 })
    rollouts.addRevision({ metadata: pod(undefined), revision: 8 })
    rollouts.addRevision({ metadata: pod('new'), revision: '7' })
    rollouts.addRevision({})
    t.equal(rollouts.revisionsOf('kube-system', 'calico-node'), undefined, 'no revision is known')
    rollouts.addRevision({ metadata: pod('new'), revision: 2 })
    rollouts.addPod(pod('old'), 'node-a')
    rollouts.addPod(pod('old'), undefined)
    rollouts.addPod(pod(undefined), 'node-b')
    rollouts.addPod(pod('old', owner('calico-node', 'ReplicaSet')), 'node-c')
    rollouts.addPod({ ...pod('old'), namespace: 'other' }, 'node-d')
    t.strictSame(rollouts.revisionsOf('kube-system', 'calico-node'), {
      newest: 'new',
      pods: [{ node: 'node-a', revision: 'old' }]
    })
    t.equal(rollouts.revisionsOf('kube-system', 'other'), undefined)
    t.match(rollouts.pods, [{ node: 'node-a', container: 'felix' }, { node: 'node-b' }])
  }
)
