import t from 'tap'
import { limitRangeKind, namespaceKind, nodeFactsOf } from '../../../src/kube/cache/cached-kinds.ts'
import { buildPodKind, buildPodProjection, followedFields } from '../../../src/kube/cache/cached-pods.ts'
import { LimitRangeIndex } from '../../../src/kube/cache/cluster-caches.ts'
import { Placements } from '../../../src/kubernetes/placement/placement.ts'
import type { PodFacts } from '../../../src/model/cluster-objects.ts'

t.test('a Node', async (t) => {
  const object = {
    metadata: { name: 'n1', uid: 'u1', labels: { zone: 'a' } },
    spec: { unschedulable: true, taints: [{ key: 'k', effect: 'NoSchedule', timeAdded: 'x' }] },
    status: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'PIDPressure', status: 'True' }
      ],
      addresses: [
        { type: 'Hostname', address: 'n1' },
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'InternalIP', address: 'fd00::1' }
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10255 } }
    }
  }
  t.strictSame(nodeFactsOf(object), {
    name: 'n1',
    uid: 'u1',
    labels: { zone: 'a' },
    taints: [{ key: 'k', value: '', effect: 'NoSchedule' }],
    unschedulable: true,
    pidPressure: true,
    address: '10.0.0.1',
    kubeletPort: 10255
  })
})

t.test('what a Node does not say is unknown', async (t) => {
  t.strictSame(nodeFactsOf({ metadata: { name: 'n1' } }), {
    name: 'n1',
    uid: '',
    labels: {},
    taints: [],
    unschedulable: false,
    pidPressure: undefined,
    address: undefined,
    kubeletPort: 10250
  })
  const pressure = (status: string) =>
    nodeFactsOf({ metadata: { name: 'n1' }, status: { conditions: [{ type: 'PIDPressure', status }] } }).pidPressure
  t.equal(pressure('False'), false)
  t.equal(pressure('Unknown'), undefined)
  t.throws(() => nodeFactsOf({ metadata: {} }), /metadata: expected metadata with a name/)
  t.throws(() => nodeFactsOf({ metadata: { name: 'n' }, spec: 1 }), /\/spec: expected an object, found a number/)
})

function pod(change: { metadata?: object; spec?: object; status?: object } = {}) {
  return {
    metadata: { name: 'web-1', namespace: 'shop', uid: 'u1', ...change.metadata },
    spec: { nodeName: 'n1', ...change.spec },
    status: { phase: 'Running', ...change.status }
  }
}

t.test('a Pod', async (t) => {
  const project = buildPodProjection()
  t.strictSame(project(pod()), {
    uid: 'u1',
    namespace: 'shop',
    name: 'web-1',
    node: 'n1',
    phase: 'Running',
    workload: { kind: 'Pod', name: 'web-1' },
    declared: undefined,
    estimated: undefined,
    deleting: false
  })
  const owned = project(
    pod({
      metadata: {
        labels: { 'pod-template-hash': 'abc' },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-abc', controller: true }],
        annotations: { 'pidguard.io/pids': '300', 'pidguard.io/pids-estimate': '310' },
        deletionTimestamp: '2026-11-21T10:55:04Z'
      },
      spec: { nodeName: '' },
      status: { phase: 'Pending' }
    })
  )
  t.match(owned, {
    node: undefined,
    phase: 'Pending',
    workload: { kind: 'Deployment', name: 'web' },
    declared: 300,
    estimated: 310,
    deleting: true
  })
  t.equal(owned.placement?.signature, new Placements().of({}).signature, 'where it may land, until it is bound')
  const annotated = (value: string) => project(pod({ metadata: { annotations: { 'pidguard.io/pids': value } } }))
  for (const value of ['0', '-1', '1.5', 'many', '']) t.equal(annotated(value).declared, undefined, value)
})

t.test(
  'the resource pidguard.io/pids: what a Node offers, what a Pod requests, and whether it was refused for it',
  async (t) => {
    const node = (status: object) => nodeFactsOf({ metadata: { name: 'a' }, status }).offered
    t.equal(node({ capacity: { 'pidguard.io/pids': '900' }, allocatable: { 'pidguard.io/pids': '800' } }), 800)
    t.equal(node({ capacity: { 'pidguard.io/pids': '1k' } }), 1000, 'one of them is enough')
    t.equal(node({ capacity: { cpu: '1' }, allocatable: {} }), undefined)
    t.equal(node({ capacity: { 'pidguard.io/pids': '0' } }), 0, 'as a kubelet leaves it that does not know it')
    t.equal(node({ capacity: { 'pidguard.io/pids': 'many' } }), undefined)
    const made = (creationTimestamp: unknown) => nodeFactsOf({ metadata: { name: 'a', creationTimestamp } }).createdAt
    t.equal(made('2026-11-21T10:00:00Z'), Date.UTC(2026, 10, 21, 10), 'and since when there is one that does not yet')
    t.equal(made(null), undefined)
    const resources = { requests: { 'pidguard.io/pids': '60' }, limits: { 'pidguard.io/pids': '60' } }
    const spec = { nodeName: 'a', containers: [{ name: 'app', resources }] }
    const project = buildPodProjection()
    t.match(project(pod({ spec })), { requested: 60 })
    t.notOk('isOutOfPids' in project(pod({ spec })))
    const refused = { phase: 'Failed', reason: 'OutOfpidguard.io/pids' }
    t.match(project(pod({ spec, status: refused })), { requested: 60, isOutOfPids: true })
    t.notOk('isOutOfPids' in project(pod({ spec, status: { phase: 'Failed', reason: 'OutOfcpu' } })))
  }
)

t.test('a bound pod says since when it is ready, and where its figure came from', async (t) => {
  const ready = (condition: object, spec: object = {}) =>
    buildPodProjection()(pod({ spec, status: { conditions: [{ type: 'Ready', ...condition }] } })).readySince
  const at = '2026-11-21T10:00:00Z'
  t.equal(ready({ status: 'True', lastTransitionTime: at }), Date.parse(at))
  t.equal(ready({ status: 'False', lastTransitionTime: at }), undefined)
  t.equal(ready({ status: 'True', lastTransitionTime: at }, { nodeName: undefined }), undefined)
  for (const lastTransitionTime of ['', 'soon', 7, null])
    t.equal(ready({ status: 'True', lastTransitionTime }), undefined, `${lastTransitionTime}`)
  const annotations = { 'pidguard.io/pids-estimate': '7', 'pidguard.io/pids-estimate-source': 'observed' }
  t.match(buildPodProjection()(pod({ metadata: { annotations } })), { estimated: 7, estimateSource: 'observed' })
})

t.test('a pod that is not bound says whether it is to be bound at all', async (t) => {
  const pending = (spec: object = {}, status: object = {}) =>
    buildPodProjection()(pod({ spec: { nodeName: undefined, ...spec }, status: { phase: 'Pending', ...status } }))
  t.equal(pending({ schedulingGates: [{ name: 'kueue.x-k8s.io/topology' }] }).isGated, true)
  for (const schedulingGates of [[], null, 'x', undefined]) t.equal(pending({ schedulingGates }).isGated, false)
  const reported = (condition: object, status: object = {}) =>
    pending({}, { conditions: [{ type: 'PodScheduled', status: 'False', ...condition }], ...status }).isUnschedulable
  const message = '0/3 nodes are available: 3 Insufficient cpu.'
  t.equal(reported({ reason: 'Unschedulable', message }), true)
  t.equal(reported({ reason: 'Unschedulable' }), true)
  t.equal(reported({ reason: 'SchedulerError', message }), false, 'a refused binding')
  t.equal(reported({ reason: 'SchedulingGated', message }), false)
  t.equal(reported({ reason: 'Unschedulable', message, status: 'True' }), false)
  t.equal(pending().isUnschedulable, false)
  t.equal(reported({ reason: 'Unschedulable', message }, { nominatedNodeName: 'n2' }), false, 'others make room for it')
  for (const ours of [
    '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {pidguard.io/low-pids: }.',
    '0/1 nodes are available: 1 Insufficient pidguard.io/pids.'
  ])
    t.equal(reported({ reason: 'Unschedulable', message: ours }), false, ours)
})

t.test('a pod with a nominated node is taken to land there', async (t) => {
  const facts = (status: object) => buildPodProjection()(pod({ spec: { nodeName: undefined }, status }))
  t.equal(facts({ nominatedNodeName: 'n2' }).placement?.pinned, 'n2')
  for (const nominatedNodeName of ['', 7, null]) t.equal(facts({ nominatedNodeName }).placement?.pinned, undefined)
})

t.test('every field that a decision rests on is followed', async (t) => {
  const { project, same } = buildPodKind()
  const held = project(pod({ spec: { nodeName: undefined } }))
  const changes: { [K in keyof PodFacts]: PodFacts[K] } = {
    ...held,
    namespace: 'other',
    name: 'other',
    node: 'n9',
    phase: 'Failed',
    deleting: true,
    workload: { kind: 'Deployment', name: 'other' },
    template: 'other',
    group: { key: 'other', size: 2, startsWhole: true },
    declared: 7,
    estimated: 7,
    estimateSource: 'observed',
    requested: 7,
    isOutOfPids: true,
    readySince: 7,
    placement: project(pod({ spec: { nodeName: undefined, tolerations: [{ operator: 'Exists' }] } })).placement,
    priority: 7,
    isGated: true,
    isUnschedulable: true,
    refusedBy: 'n9'
  }
  for (const [field, why] of Object.entries(followedFields)) {
    const changed = { ...held, [field]: changes[field as keyof PodFacts] }
    t.equal(same(held, changed), why === undefined, field)
  }
  t.ok(same(held, project(pod({ spec: { nodeName: undefined } }))), 'the same again')
})

t.test(
  'a pod whose binding was refused says by which node, until something else keeps it from being bound',
  async (t) => {
    const detail = 'needs 400; n2 has 300 PIDs free under kubepods: limit 1000, floor 100, committed 600, in use 600'
    const message = `binding rejected: denied the request: Binding shop/web-1: pid-binding: no room (${detail}) at /target/name.`
    const refusedBy = (spec: object, condition: object) =>
      buildPodProjection()(
        pod({ spec, status: { conditions: [{ type: 'PodScheduled', status: 'False', ...condition }] } })
      ).refusedBy
    const pending = { nodeName: undefined }
    t.equal(refusedBy(pending, { message }), 'n2')
    t.equal(refusedBy(pending, { message: '0/3 nodes are available' }), undefined)
    t.equal(refusedBy(pending, { message, status: 'True' }), undefined)
    t.equal(refusedBy(pending, { message, type: 'Ready' }), undefined)
    t.equal(refusedBy({ nodeName: 'n1' }, { message }), undefined)
    t.equal(buildPodProjection()(pod({ spec: pending, status: { conditions: 'none' } })).refusedBy, undefined)
    const kind = buildPodKind()
    const held = kind.project(pod({ spec: pending }))
    t.notOk(kind.same(held, { ...held, refusedBy: 'n2' }), 'a change that counts')
  }
)

t.test('a static pod is one by its uid, and says by which hash its node counts it', async (t) => {
  const annotations = { 'kubernetes.io/config.mirror': 'h', 'kubernetes.io/config.hash': 'h1' }
  const facts = (metadata: object) => buildPodProjection()(pod({ metadata }))
  t.match(facts({ annotations }), { uid: 'u1', cgroup: 'h1' })
  t.notOk('cgroup' in facts({ annotations: { 'kubernetes.io/config.hash': 'h1' } }), 'not without the mirror mark')
  t.notOk('cgroup' in facts({ uid: 'h1', annotations }), 'no field where it says nothing')
  const { keyOf, project } = buildPodKind()
  const keys = ['u1', 'u2'].map((uid) => keyOf(project(pod({ metadata: { uid, annotations } }))))
  t.strictSame(keys, ['u1', 'u2'], 'as many as the API has, of one file on each node')
})

t.test('pods of one workload share one name; a Pod changed in what is not kept is the same', async (t) => {
  const kind = buildPodKind()
  const of = (name: string) =>
    kind.project(
      pod({
        metadata: { name, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', controller: true }] }
      })
    )
  t.equal(of('a').workload, of('b').workload)
  t.ok(kind.same(of('a'), of('a')))
  t.notOk(kind.same(of('a'), kind.project(pod({ status: { phase: 'Failed' } }))))
})

t.test('a Namespace keeps labels and annotations', async (t) => {
  const object = { metadata: { name: 'shop', labels: { a: 'b' }, annotations: { c: 'd' } } }
  t.strictSame(namespaceKind.project(object), { name: 'shop', labels: { a: 'b' }, annotations: { c: 'd' } })
})

t.test('LimitRanges of a namespace are one list', async (t) => {
  const range = (name: string, max: string) =>
    limitRangeKind.project({
      metadata: { name, namespace: 'shop' },
      spec: { limits: [{ type: 'Container', max: { cpu: max }, maxLimitRequestRatio: { cpu: '2' } }] }
    })
  const index = new LimitRangeIndex()
  t.strictSame(index.of('shop'), [])
  index.changed(range('a', '1'))
  index.changed(range('b', '2'))
  index.changed(range('a', '3'))
  t.strictSame(index.of('shop'), [
    { type: 'Container', max: { cpu: '3' } },
    { type: 'Container', max: { cpu: '2' } }
  ])
  index.removed(range('a', '3'))
  index.removed(range('b', '2'))
  t.strictSame(index.of('shop'), [])
})
