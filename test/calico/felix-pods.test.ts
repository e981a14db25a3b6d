import t from 'tap'
import { felixPodOf, revisionsOf, selectorOf } from '../../src/calico/felix-pods.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { felixObject } from '../support/calico-clusters.ts'

const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'calico-node', uid: 'u', controller: true }
const revision = (hash: string, number: number, object: JsonRecord, change: object = {}): JsonRecord => ({
  metadata: {
    namespace: 'kube-system',
    labels: { 'controller-revision-hash': hash },
    ownerReferences: [owner],
    ...change
  },
  revision: number,
  data: { spec: { template: { ...(object['spec'] as { template: object }).template, $patch: 'replace' } } }
})

t.test('revisions of the DaemonSet alone: the newest, and how each sets the backend', async (t) => {
  const ds = felixObject('NFT')
  const listed = [
    revision('two', 2, felixObject('NFT', 'calico/node:v3.33.1')),
    revision('ten', 10, felixObject('Legacy')),
    revision('other', 99, ds, { ownerReferences: [{ ...owner, name: 'canal' }] }),
    { ...revision('broken', 1, ds), data: { spec: { template: 7 } } }
  ]
  const { newest, backends } = revisionsOf(listed, ds, [])
  t.equal(newest, 'ten', 'by number, not by text')
  t.strictSame(Object.fromEntries(backends), {
    ten: { meaning: 'Legacy', removesOthers: false },
    two: { meaning: 'NFT', removesOthers: true },
    broken: { meaning: undefined, removesOthers: false }
  })
  t.equal(revisionsOf([], ds, []).newest, undefined)
})

t.test('a selector as kubectl takes it', async (t) => {
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'zone', operator: 'NotIn', values: ['c'] },
    { key: 'net', operator: 'Exists' },
    { key: 'old', operator: 'DoesNotExist' }
  ]
  t.equal(selectorOf(felixObject()), 'k8s-app=calico-node')
  t.equal(
    selectorOf({ spec: { selector: { matchLabels: { app: 'x' }, matchExpressions } } }),
    'app=x,tier in (a,b),zone notin (c),net,!old'
  )
  t.equal(selectorOf({}), '')
})

t.test('a pod counts where it is one of the DaemonSet and on a node', async (t) => {
  const pod = (change: object, spec: object = { nodeName: 'a' }) => ({
    metadata: { namespace: 'kube-system', name: 'p', uid: 'u', ownerReferences: [owner], ...change },
    spec
  })
  t.match(felixPodOf(pod({}), felixObject(), 'felix'), [
    { uid: 'u', name: 'p', node: 'a', container: 'felix', revision: undefined }
  ])
  t.strictSame(felixPodOf(pod({}, {}), felixObject(), 'felix'), [])
  t.strictSame(felixPodOf(pod({ ownerReferences: [] }), felixObject(), 'felix'), [])
  t.strictSame(felixPodOf(pod({ namespace: 'other' }), felixObject(), 'felix'), [])
})
