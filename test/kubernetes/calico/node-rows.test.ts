import t from 'tap'
import { type CalicoCluster, nodeRowsOf } from '../../../src/kubernetes/calico/node-rows.ts'
import { calicoCluster, felixObject, felixPod, felixSettings, otherFelixObject } from '../../support/calico-clusters.ts'

const backendsOf = (change: Partial<CalicoCluster>) =>
  nodeRowsOf(calicoCluster(change)).map(
    ({ node, backend, moot }) => `${node} ${moot ?? backend?.meaning} ${backend?.source}`
  )
t.test('each node with the source that decides there', async (t) => {
  t.strictSame(backendsOf({}), ['a detection built-in', 'b detection built-in'])
  t.strictSame(backendsOf({ daemonSets: [felixObject('NFT')], configurations: [felixSettings('node.a', 'Legacy')] }), [
    'a NFT variable',
    'b NFT variable'
  ])
  t.strictSame(backendsOf({ configurations: [felixSettings('default', 'NFT'), felixSettings('node.a', 'Legacy')] }), [
    'a Legacy node',
    'b NFT default'
  ])
  t.strictSame(backendsOf({ configurations: [felixSettings('some', 'NFT')] }), [
    'a undefined unknown',
    'b undefined unknown'
  ])
  t.strictSame(backendsOf({ configurations: undefined }), ['a undefined unknown', 'b undefined unknown'])
  t.strictSame(backendsOf({ configurations: [felixSettings('node.a', undefined, 'Enabled')] }), [
    'a nftables built-in',
    'b detection built-in'
  ])
  const auto = { daemonSets: [felixObject(undefined, 'calico/node:v3.32.1')] }
  t.strictSame(backendsOf({ ...auto, kubeProxy: 'nftables' }), ['a nftables built-in', 'b nftables built-in'])
  t.strictSame(backendsOf({ ...auto, kubeProxy: undefined }), ['a detection built-in', 'b detection built-in'])
  t.strictSame(backendsOf({ pods: [felixPod('a')] })[1], 'b undefined undefined', 'no Felix runs there')
  t.strictSame(backendsOf({ pods: undefined })[1], 'b detection built-in', 'the one DaemonSet there is')
})

t.test('Felix in a container of another name has a row; what is set nowhere may be set by a script', async (t) => {
  const other = { pods: undefined, daemonSets: [otherFelixObject()] }
  t.strictSame(backendsOf(other), ['a undefined unknown', 'b undefined unknown'])
  t.match(nodeRowsOf(calicoCluster(other))[0], { daemonSet: 'kube-system/terway', otherContainer: 'policy' })
  t.equal(nodeRowsOf(calicoCluster())[0]?.otherContainer, undefined)
  t.equal(backendsOf({ ...other, configurations: [felixSettings('default', 'NFT')] })[0], 'a NFT default')
  t.equal(backendsOf({ ...other, daemonSets: [otherFelixObject('Legacy')] })[0], 'a Legacy variable')
})

t.test('the revision of the pod: what is not known is unknown', async (t) => {
  const revisions = (change: Partial<CalicoCluster>) =>
    nodeRowsOf(calicoCluster(change)).map(({ revision }) => revision)
  t.strictSame(revisions({ pods: [felixPod('a', 'old'), felixPod('b')] }), ['old', 'newest'])
  t.strictSame(revisions({ newest: undefined }), ['unknown', 'unknown'])
  t.strictSame(revisions({ pods: undefined }), ['unknown', 'unknown'])
})

t.test('what Felix was seen to use, on nodes where it is known', async (t) => {
  const rows = nodeRowsOf(calicoCluster({ seen: new Map([['a', 'Legacy']]) }))
  t.strictSame(
    rows.map(({ seen }) => seen),
    ['Legacy', undefined]
  )
})

t.test('where Felix programs nftables no backend decides, and what it cleans up is not what it uses', async (t) => {
  const of = (change: Partial<CalicoCluster>) => {
    const [row] = nodeRowsOf(calicoCluster(change))
    return [row?.moot, row?.seen]
  }
  t.strictSame(of({ seen: new Map([['a', 'nftables']]) }), ['nftables', undefined], 'as its log says')
  const enabled = { configurations: [felixSettings('default', undefined, 'Enabled')] }
  t.strictSame(of({ ...enabled, seen: new Map([['a', 'Legacy']]) }), ['nftables', undefined], 'as it is set to')
})
