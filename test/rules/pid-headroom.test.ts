import t from 'tap'
import { Headroom } from '../../src/headroom/assess/headroom.ts'
import { comingTime } from '../../src/headroom/ledger/gangs/gangs.ts'
import { recordAdmission } from '../../src/headroom/ledger/record-admission.ts'
import { podGroupOf } from '../../src/kubernetes/pods/pod-groups.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { pidHeadroom } from '../../src/rules/pid-headroom.ts'
import { fleetOf, type NodeSketch, plain, podFacts, reading } from '../support/headroom.ts'
import { findingsOf, told, type World } from '../support/judge.ts'
import { settings } from '../support/settings.ts'
import { podObject, podSubject, subjectFrom, workloadObject } from '../support/subjects.ts'

type Nodes = Readonly<Record<string, NodeSketch>>

function world(nodes: Nodes, more: Partial<World> = {}): World {
  return { settings: { headroom: { floor: { pids: 0 } } }, facts: { headroom: fleetOf(nodes).headroom }, ...more }
}

const needs = (pids: number) => ({ annotations: { 'pidguard.io/pids': `${pids}` } })
const pod = (pids: number, spec: JsonRecord = {}) => podObject(spec, needs(pids))

function workload(kind: string, pids: number, spec: JsonRecord, podSpec: JsonRecord = {}): JsonRecord {
  const object = workloadObject(kind, podSpec, needs(pids))
  return { ...object, spec: { ...(object['spec'] as JsonRecord), ...spec } }
}

const deployment = (pids: number, spec: JsonRecord) => workload('apps/v1/Deployment', pids, spec)

t.test('a pod, at the limit and one past it', async (t) => {
  const nodes = { n1: { kubepods: [1000, 700] }, n2: { host: [1000, 900] } } as const
  t.strictSame(findingsOf(pidHeadroom, pod(300), world(nodes)), [])
  const [finding, ...others] = findingsOf(pidHeadroom, pod(301), world(nodes))
  t.strictSame(others, [])
  t.match(finding, {
    pointer: '/spec',
    reason: 'no node has room for this pod',
    detail:
      'needs 301; best of 2 nodes: n1 has 300 PIDs free under kubepods: limit 1000, floor 0, committed 700, in use 700',
    audit: 'pids=301 pods=1 room=0 nodes=2 node=n1 ceiling=kubepods limit=1000 committed=700 floor=0 free=300'
  })
  t.strictSame(
    finding?.account?.().map((line) => (line as { node: string }).node),
    ['n1', 'n2']
  )
})

t.test('the floor is that of the namespace', async (t) => {
  const nodes = { n1: {} }
  const under = (share: number) =>
    told(findingsOf(pidHeadroom, pod(800), world(nodes, { settings: { headroom: { floor: { share } } } })))
  t.strictSame(under(0.2), [])
  t.strictSame(under(0.3), ['denial /spec'])
})

t.test('without a figure of its own a pod counts with the peak of its workload', async (t) => {
  const labels = { 'pod-template-hash': 'abc' }
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-abc', controller: true }]
  const object = podObject({}, { labels, ownerReferences })
  const nodes = (observed: number) =>
    ({
      n1: { kubepods: [1000, 900], pods: { a: { estimate: 10, observed, workload: 'web', template: 'abc' } } }
    }) as const
  t.strictSame(findingsOf(pidHeadroom, object, world(nodes(100))), [])
  t.match(findingsOf(pidHeadroom, object, world(nodes(101))), [
    {
      detail: /^needs 101; .*; 101 was observed on a 0 s ago, and most pods of its template hold no more$/,
      remedy: /A changed template starts/
    }
  ])
  const changed = podObject(
    {},
    { labels: { 'pod-template-hash': 'def' }, ownerReferences: [{ ...ownerReferences[0], name: 'web-def' }] }
  )
  t.strictSame(findingsOf(pidHeadroom, changed, world(nodes(101))), [], 'a fixed image starts without that figure')
})

t.test('what is not known never denies', async (t) => {
  const cases: Record<string, Nodes> = {
    'no reading': { n1: { age: null } },
    'an old one': { n1: { age: 60_001 } },
    'one ceiling missing': { n1: { kubepods: [null, null] } },
    'one of two': { n1: { kubepods: [1000, 1000] }, n2: { age: null } }
  }
  for (const [name, nodes] of Object.entries(cases)) {
    t.strictSame(told(findingsOf(pidHeadroom, pod(100), world(nodes))), ['advice /spec'], name)
  }
  t.match(findingsOf(pidHeadroom, podObject(), world({ n1: { kubepods: [1000, 990] } })), [
    { detail: /; 50 is the default of the policy$/ }
  ])
  t.strictSame(told(findingsOf(pidHeadroom, pod(1), world({}))), [], 'no node at all is for the scheduler to say')
  t.strictSame(told(findingsOf(pidHeadroom, pod(1), { facts: {} })), [], 'without the fact the rule is skipped')
})

const gates = { schedulingGates: [{ name: 'example.com/quota' }] }

t.test('a gated pod is warned of at most, and checked as a new one when its last gate is removed', async (t) => {
  const nodes = { n1: { kubepods: [1000, 700] } } as const
  t.strictSame(told(findingsOf(pidHeadroom, pod(300, gates), world(nodes))), [])
  t.strictSame(told(findingsOf(pidHeadroom, pod(301, gates), world(nodes))), ['advice /spec'])
  const ungated = { request: { operation: 'UPDATE', oldObject: pod(301, gates) } } as const
  t.strictSame(told(findingsOf(pidHeadroom, pod(300), world(nodes, ungated))), [])
  t.strictSame(told(findingsOf(pidHeadroom, pod(301), world(nodes, ungated))), ['denial /spec'])
  const mirror = { annotations: { 'pidguard.io/pids': '301', 'kubernetes.io/config.mirror': 'x' } }
  const forged = findingsOf(pidHeadroom, podObject({}, mirror), world(nodes, ungated))
  t.strictSame(told(forged), ['denial /spec'], 'a gated pod is no mirror pod')
})

t.test('ten gated pods on room for four: four may start', async (t) => {
  const { ledger, headroom } = fleetOf({ n1: { kubepods: [2400, 0], host: [10_000, 0] } })
  const facts = { facts: { headroom }, settings: { headroom: { floor: { pids: 0 } } } } as const
  const started = Array.from({ length: 10 }, (_, i) => {
    const metadata = { ...needs(600), uid: `g${i}` }
    const gated = podObject(gates, metadata)
    t.strictSame(told(findingsOf(pidHeadroom, gated, facts)), i < 4 ? [] : ['advice /spec'])
    ledger.observePod(podFacts(`g${i}`, { phase: 'Pending', estimated: 600, isGated: true }))
    const change = { operation: 'UPDATE', oldObject: gated } as const
    const denied = told(findingsOf(pidHeadroom, podObject({}, metadata), { ...facts, request: change })).length > 0
    if (!denied) recordAdmission(podSubject({}, metadata, change), settings(), ledger, headroom)
    return !denied
  })
  t.strictSame(started, [true, true, true, true, false, false, false, false, false, false])
})

t.test('a pod that exists is not asked again', async (t) => {
  const request = { operation: 'UPDATE', oldObject: pod(1) } as const
  t.strictSame(findingsOf(pidHeadroom, pod(5_000), world({ n1: {} }, { request })), [])
})

t.test('a new workload is denied for the pods that come to stay, and warned of its surge', async (t) => {
  const judge = (object: JsonRecord) => told(findingsOf(pidHeadroom, object, world({ n1: {}, n2: {} })))
  t.strictSame(judge(deployment(200, { replicas: 8 })), [])
  t.strictSame(judge(deployment(200, { replicas: 9 })), ['advice /spec/replicas'])
  t.strictSame(judge(deployment(200, { replicas: 10 })), ['advice /spec/replicas'])
  t.strictSame(judge(deployment(200, { replicas: 11 })), ['denial /spec/replicas'])
  t.strictSame(judge(deployment(200, { replicas: 10, strategy: { type: 'Recreate' } })), [])
  t.strictSame(judge(workload('apps/v1/StatefulSet', 200, { replicas: 10 })), [])
  t.strictSame(judge(workload('apps/v1/StatefulSet', 200, { replicas: 11 })), ['denial /spec/replicas'])
  t.strictSame(judge(workload('batch/v1/Job', 200, { parallelism: 11 })), ['advice /spec/parallelism'])
  t.strictSame(judge(workload('batch/v1/Job', 200, { parallelism: 11, completions: 3 })), [])
})

t.test('of a change only what is added is denied', async (t) => {
  const nodes = { n1: { kubepods: [1000, 600] } } as const
  const judge = (object: JsonRecord, oldObject: JsonRecord) =>
    told(findingsOf(pidHeadroom, object, world(nodes, { request: { operation: 'UPDATE', oldObject } })))
  const template = (image: string) =>
    workloadObject('apps/v1/Deployment', { containers: [{ name: 'app', image }] }, needs(200))['spec']
  const running = deployment(200, { replicas: 3 })
  t.strictSame(judge(deployment(200, { replicas: 5 }), running), [])
  t.strictSame(judge(deployment(200, { replicas: 6 }), running), ['denial /spec/replicas'])
  t.strictSame(judge(deployment(200, { replicas: 2 }), running), [])
  const changed = { ...running, spec: { ...(template('example.com/app:2') as JsonRecord), replicas: 30 } }
  t.strictSame(judge(changed, deployment(200, { replicas: 30 })), ['advice /spec/replicas'], 'eight more for a while')
  t.strictSame(
    judge(deployment(400, { replicas: 3 }), running),
    ['advice /spec/replicas'],
    'grown by 600, and one more for a while'
  )
  t.strictSame(judge(deployment(100, { replicas: 3 }), running), [], 'one that needs less gets through')
  const labelled = { ...running, metadata: { name: 'web', labels: { a: 'b' } } }
  t.strictSame(judge(labelled, running), [], 'a label is nothing to the rule')
  t.strictSame(
    judge(deployment(200, { replicas: 1 }), workloadObject('apps/v1/Deployment', { containers: 5 })),
    [],
    'whatever is stored'
  )
})

t.test('a template is not denied for a taint its pods may be given a toleration for', async (t) => {
  const cpu = { kubepods: [1000, 950] } as const
  const gpu = { taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }] }
  const judge = (object: JsonRecord, nodes: Nodes) => findingsOf(pidHeadroom, object, world(nodes))
  const asked = workload('apps/v1/StatefulSet', 100, { replicas: 1 }, { runtimeClassName: 'nvidia' })
  t.match(judge(asked, { cpu, gpu }), [
    {
      reason: 'no room for all pods of the workload',
      detail: /; not denied: its pods may yet be given a toleration for gpu$/,
      advisory: true
    }
  ])
  const advice = ['advice /spec/replicas']
  const denial = ['denial /spec/replicas']
  t.strictSame(told(judge(asked, { cpu, gpu: { ...gpu, age: null } })), advice, 'it may have room')
  t.strictSame(told(judge(asked, { cpu, gpu: { ...gpu, kubepods: [1000, 900] } })), advice)
  t.strictSame(told(judge(asked, { cpu, gpu: { ...gpu, kubepods: [1000, 901] } })), denial)
  const controlPlane = { taints: [{ key: 'node-role.kubernetes.io/control-plane', value: '', effect: 'NoSchedule' }] }
  t.strictSame(told(judge(asked, { cpu, controlPlane })), denial)
  t.strictSame(
    told(judge(workload('apps/v1/StatefulSet', 100, { replicas: 2 }), { cpu: { kubepods: [1000, 850] } })),
    denial
  )
  t.strictSame(told(judge(pod(100), { cpu, gpu })), ['denial /spec'], 'a pod has all that it is given')
})

t.test('a CronJob that is to run more pods at once is looked at', async (t) => {
  const cronJob = (change: JsonRecord, each: JsonRecord = {}) => {
    const object = workloadObject('batch/v1/CronJob', {}, needs(200))
    const { jobTemplate } = object['spec'] as { jobTemplate: { spec: JsonRecord } }
    return { ...object, spec: { ...change, jobTemplate: { spec: { ...jobTemplate.spec, ...each } } } }
  }
  const judge = (object: JsonRecord, oldObject: JsonRecord) =>
    told(findingsOf(pidHeadroom, object, world({ n1: {} }, { request: { operation: 'UPDATE', oldObject } })))
  const advice = ['advice /spec/jobTemplate/spec/parallelism']
  t.strictSame(judge(cronJob({}, { parallelism: 6 }), cronJob({}, { parallelism: 1 })), [])
  t.strictSame(judge(cronJob({}, { parallelism: 7 }), cronJob({}, { parallelism: 1 })), advice)
  const few = { parallelism: 7, completions: 1 }
  t.strictSame(judge(cronJob({}, { ...few, completions: 7 }), cronJob({}, few)), advice)
  t.strictSame(judge(cronJob({}, { parallelism: 6 }), cronJob({}, { parallelism: 6, suspend: true })), advice)
  t.strictSame(judge(cronJob({}, { parallelism: 6 }), cronJob({ suspend: true }, { parallelism: 6 })), advice)
  t.strictSame(judge(cronJob({ schedule: 'b' }, { parallelism: 7 }), cronJob({}, { parallelism: 7 })), [])
  const elsewhere = { parallelism: 7, managedBy: 'kueue.x-k8s.io/multikueue' }
  t.strictSame(judge(cronJob({}, elsewhere), cronJob({}, { parallelism: 1 })), [], 'another controller makes its pods')
  t.strictSame(judge(cronJob({}, { parallelism: 7 }), cronJob({}, elsewhere)), advice, 'until it is handed back')
})

t.test('a Job that another controller runs makes no pods here', async (t) => {
  const judge = (change: JsonRecord) => {
    const object = workloadObject('batch/v1/Job', {}, needs(200))
    return told(
      findingsOf(pidHeadroom, { ...object, spec: { ...(object['spec'] as JsonRecord), ...change } }, world({ n1: {} }))
    )
  }
  t.strictSame(judge({ parallelism: 40 }), ['advice /spec/parallelism'])
  t.strictSame(judge({ parallelism: 40, managedBy: 'kueue.x-k8s.io/multikueue' }), [])
  t.strictSame(judge({ parallelism: 40, managedBy: 'kubernetes.io/job-controller' }), ['advice /spec/parallelism'])
})

t.test('a Deployment made while paused is judged when its pods come', async (t) => {
  const paused = (isPaused: boolean, replicas = 6) =>
    deployment(200, { replicas, paused: isPaused, strategy: { type: 'Recreate' } })
  const judge = (object: JsonRecord, oldObject: JsonRecord | undefined, nodes: Nodes = { n1: {} }) =>
    told(findingsOf(pidHeadroom, object, world(nodes, oldObject && { request: { operation: 'UPDATE', oldObject } })))
  const denial = ['denial /spec/replicas']
  t.strictSame(judge(paused(true), undefined), [])
  t.strictSame(judge(paused(true, 7), paused(true)), [], 'still none')
  t.strictSame(
    judge(paused(false), paused(true)),
    ['advice /spec/replicas'],
    'resumed: its pods are checked one by one'
  )
  t.strictSame(judge(paused(false, 5), paused(true, 5)), [])
  const running: Nodes = {
    n1: { kubepods: [1000, 900], pods: { a: { workload: 'web', estimate: 200, observed: 200 } } }
  }
  t.strictSame(judge(paused(false), paused(true), running), [], 'paused later, its pods are there')
  t.strictSame(judge(paused(true, 7), paused(true), running), denial, 'and it scales as any other')
})

t.test('a DaemonSet is turned away only where it can run on no node', async (t) => {
  const daemonSet = workload('apps/v1/DaemonSet', 100, {})
  const judge = (nodes: Nodes, more: Partial<World> = {}) =>
    told(findingsOf(pidHeadroom, daemonSet, world(nodes, more)))
  const full = { kubepods: [1000, 950] } as const
  t.strictSame(judge({ n1: {}, n2: {} }), [])
  t.strictSame(judge({ n1: {}, n2: full }), ['advice /spec/template/spec'])
  t.strictSame(judge({ n1: full, n2: { age: null } }), ['advice /spec/template/spec'])
  t.strictSame(judge({ n1: full, n2: full }), ['denial /spec/template/spec'])
  const request = { operation: 'UPDATE', oldObject: workload('apps/v1/DaemonSet', 1, {}) } as const
  t.strictSame(judge({ n1: full }, { request }), [], 'its pods are there already')
})

t.test('a scale is judged by the pods its workload has', async (t) => {
  const scale = (replicas: unknown, name = 'web') => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, namespace: 'default' },
    spec: { replicas }
  })
  const nodes = {
    n1: { kubepods: [1000, 700], pods: { a: { estimate: 100, observed: 100, workload: 'web' } } }
  } as const
  const judge = (object: JsonRecord, oldObject: JsonRecord | undefined = scale(1), userName = 'jane') =>
    told(
      findingsOf(
        pidHeadroom,
        object,
        world(nodes, {
          request: { operation: 'UPDATE', subResource: 'scale', userName, ...(oldObject && { oldObject }) }
        })
      )
    )
  t.strictSame(judge(scale(4)), [])
  t.strictSame(judge(scale(5)), ['denial /spec/replicas'])
  t.strictSame(judge(scale(0)), [])
  const hpa = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler'
  t.strictSame(judge(scale(5), scale(1), hpa), ['advice /spec/replicas'], 'a step of an autoscaler')
  t.strictSame(judge(scale(500, 'other')), [], 'of which no pod is known')
  for (const replicas of [null, 'x', -1]) t.strictSame(judge(scale(replicas)), [])
})

t.test('a scale is of the kind the request names', async (t) => {
  const scale = (replicas: number) => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'db', namespace: 'default' },
    spec: { replicas }
  })
  const { ledger, headroom } = fleetOf({ n1: {} })
  for (const [kind, estimated] of [
    ['Deployment', 600],
    ['StatefulSet', 10]
  ] as const)
    ledger.observePod(podFacts(kind, { node: 'n1', estimated, workload: { kind, name: 'db' } }))
  const judge = (resource: string) => {
    const request = { operation: 'UPDATE', resource, subResource: 'scale', oldObject: scale(1) } as const
    return told(findingsOf(pidHeadroom, scale(2), world({}, { facts: { headroom }, request })))
  }
  t.strictSame(judge('statefulsets'), [])
  t.strictSame(judge('deployments'), ['denial /spec/replicas'])
  t.strictSame(judge('replicasets'), [], 'of which no pod is known')
  t.strictSame(judge('databases'), [], 'nor of any kind that is not looked at')
  t.strictSame(judge(''), ['denial /spec/replicas'], 'whichever there is')
})

t.test('children of a workload are judged at their pods', async (t) => {
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }]
  const replicaSet = { ...workloadObject('apps/v1/ReplicaSet', {}, needs(5_000), { ownerReferences }) }
  t.strictSame(findingsOf(pidHeadroom, replicaSet, world({ n1: {} })), [])
})

t.test('what runs of a workload already is not asked for again, when its file is judged', async (t) => {
  const running = (pods: number): Nodes => ({
    n1: {
      kubepods: [1000, 700],
      pods: Object.fromEntries(
        Array.from({ length: pods }, (_, i) => [`u${i}`, { estimate: 100, observed: 100, workload: 'web' }])
      )
    }
  })
  const found = (replicas: number, pods: number) =>
    findingsOf(pidHeadroom, deployment(100, { replicas, strategy: { type: 'Recreate' } }), world(running(pods)))
  t.strictSame(found(7, 4), [], 'three more find room')
  t.match(found(8, 4), [{ detail: /^4 pods of 100, room for 3; / }])
  t.strictSame(found(4, 4), [])
  t.strictSame(found(2, 4), [])
  t.match(found(4, 0), [{ detail: /^4 pods of 100, room for 3; / }])
})

t.test('a DaemonSet that runs already is left to its pods', async (t) => {
  const nodes = { n1: { kubepods: [1000, 990], pods: { a: { workload: 'web' } } } } as const
  const full = workload('apps/v1/DaemonSet', 100, {})
  t.match(findingsOf(pidHeadroom, full, world(nodes)), [{ reason: 'no node has room for this pod' }])
  const { ledger, headroom } = fleetOf(nodes)
  const own = { kind: 'DaemonSet', name: 'web' }
  ledger.observePod(podFacts('b', { node: 'n1', workload: own }))
  t.strictSame(findingsOf(pidHeadroom, full, world({}, { facts: { headroom } })), [])
})

t.test('what controllers do, and pods that come later, are warned about with how many fit', async (t) => {
  const nodes = { n1: { kubepods: [1000, 500] } } as const
  const by = (userName: string) => ({ request: { userName } })
  const found = (object: JsonRecord, more: Partial<World> = {}) => findingsOf(pidHeadroom, object, world(nodes, more))
  t.match(found(workload('batch/v1/Job', 100, { parallelism: 1000 })), [
    { detail: /^1000 pods of 100, room for 5; .*; not denied: a Job runs as many of its pods as fit$/, advisory: true }
  ])
  t.match(found(workload('batch/v1/CronJob', 600, {})), [{ detail: /its pods come later/, advisory: true }])
  const many = deployment(100, { replicas: 6 })
  t.strictSame(told(found(many)), ['denial /spec/replicas'])
  t.strictSame(told(found(many, by('argocd'))), ['denial /spec/replicas'])
  t.strictSame(told(found(many, by('system:serviceaccount:kube-system:x'))), ['advice /spec/replicas'])
  t.strictSame(told(found(many, { settings: { headroom: { floor: { pids: 0 }, autoscaled: true } } })), [
    'advice /spec/replicas'
  ])
})

t.test('a pod that no node could ever hold is denied, whoever asks and whenever it is to come', async (t) => {
  const nodes = { n1: {}, n2: { kubepods: [2000, 1999] } } as const
  const found = (pids: number, more: Nodes = nodes) =>
    findingsOf(pidHeadroom, workload('batch/v1/CronJob', pids, {}), world(more))
  t.strictSame(told(found(1001, { n1: {} })), ['denial /spec/jobTemplate/spec/parallelism'])
  t.match(found(1001), [
    {
      reason: 'no node could hold such a pod, even an empty one',
      detail: 'needs 1001; the largest, n1, allows 1000 under node, floor 0'
    }
  ])
  t.match(found(1000, { n1: { host: [1000, 900] } }), [{ advisory: true }])
  t.match(found(1001, { n1: {}, n2: { age: null } }), [{ reason: 'headroom not known' }])
})

t.test('a workload whose earlier pods are about to end is warned about: delete and apply', async (t) => {
  const { ledger, headroom } = fleetOf({
    n1: { kubepods: [1000, 800], pods: { a: { workload: 'web', estimate: 800, observed: 800 } } }
  })
  const judge = () => findingsOf(pidHeadroom, deployment(100, { replicas: 8 }), world({}, { facts: { headroom } }))
  const own = { node: 'n1', estimated: 800, workload: { kind: 'Deployment', name: 'web' } }
  t.match(judge(), [{ detail: /^7 pods of 100, room for 2; / }])
  t.strictSame(told(judge()), ['denial /spec/replicas'])
  ledger.observePod(podFacts('a', { ...own, deleting: true }))
  t.match(judge(), [{ detail: /; not denied: 1 of its pods are about to end$/, advisory: true }])
  ledger.removePod('a')
  t.strictSame(
    judge().filter(({ advisory }) => advisory !== true),
    [],
    'its tasks are free at once'
  )
})

t.test('where the scheduler counts PIDs, a pod with a request waits instead of being denied', async (t) => {
  const full = { n1: { kubepods: [1000, 950], offered: 50 } } as const
  const resources = { requests: { 'pidguard.io/pids': '100' }, limits: { 'pidguard.io/pids': '100' } }
  const requesting = pod(100, { containers: [{ name: 'app', resources }] })
  const on: World = { settings: { headroom: { floor: { pids: 0 }, schedulePids: true } } }
  t.strictSame(told(findingsOf(pidHeadroom, requesting, world(full, on))), ['advice /spec'])
  t.strictSame(told(findingsOf(pidHeadroom, pod(100), world(full, on))), ['denial /spec'], 'without one it would land')
  t.strictSame(told(findingsOf(pidHeadroom, requesting, world(full))), ['denial /spec'], 'without the setting')
  const two = deployment(100, { replicas: 2 })
  const judge = (nodes: Nodes, around: World) => told(findingsOf(pidHeadroom, two, world(nodes, around)))
  t.strictSame(judge(full, on), ['advice /spec/replicas'], 'its pods will have one')
  t.strictSame(judge({ n1: { kubepods: [1000, 950] } }, on), ['denial /spec/replicas'], 'a node offers none')
  const noRequests: World = { settings: { ...on.settings, modes: { 'pid-requests': 'off' } } }
  t.strictSame(judge(full, noRequests), ['denial /spec/replicas'], 'the namespace gives none')
  const never = deployment(1001, { replicas: 1 })
  t.strictSame(told(findingsOf(pidHeadroom, never, world(full, on))), ['denial /spec/replicas'], 'it could never run')
})

t.test('a pod of an urgent priority is warned about', async (t) => {
  const judge = (priority: number | undefined, urgentPriority?: number) =>
    told(
      findingsOf(
        pidHeadroom,
        pod(100, { priority }),
        world(
          { n1: { kubepods: [1000, 950] } },
          { settings: { headroom: { floor: { pids: 0 }, ...(urgentPriority && { urgentPriority }) } } }
        )
      )
    )
  t.strictSame(
    [judge(undefined), judge(1_999_999_999), judge(2_000_000_000)],
    [['denial /spec'], ['denial /spec'], ['advice /spec']]
  )
  t.strictSame(judge(1000, 1000), ['advice /spec'])
})

t.test(
  'of a thousand nodes, one that is not known does not let pods onto full ones; of forty-nine it does',
  async (t) => {
    const fleet = (known: number): Nodes => ({
      ...Object.fromEntries(Array.from({ length: known }, (_, i) => [`n${i}`, { kubepods: [1000, 1000] as const }])),
      silent: { age: null }
    })
    const judge = (known: number) => findingsOf(pidHeadroom, pod(100), world(fleet(known)))
    t.match(judge(999), [{ detail: /best of 1000 nodes: .*; 1 of the nodes are not known/ }])
    t.strictSame([told(judge(49)), told(judge(48))], [['denial /spec'], ['advice /spec']])
  }
)

t.test('a placement too long to check is denied: else a user could choose to be unknown', async (t) => {
  const tolerations = (count: number) => Array.from({ length: count }, (_, i) => ({ key: `k${i}`, operator: 'Exists' }))
  const judge = (object: JsonRecord) => findingsOf(pidHeadroom, object, world({ n1: {} }))
  t.strictSame(judge(podObject({ tolerations: tolerations(100) })), [])
  const [found] = judge(podObject({ tolerations: tolerations(101) }))
  t.match(found, { pointer: '/spec', reason: 'placement is too long to check' })
  t.not(found?.advisory, true)
  const long = { nodeSelector: { a: 'x'.repeat(48 * 1024) } }
  t.strictSame(told(judge(podObject(long))), ['denial /spec'])
  const terms = Array.from({ length: 101 }, () => ({ matchExpressions: [{ key: 'a', operator: 'Exists' }] }))
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } }
  t.strictSame(told(judge(podObject({ affinity }))), ['denial /spec'])
  t.strictSame(told(judge(podObject({ ...long, nodeName: 'n1' }))), [], 'its node is known')
  const many = { tolerations: tolerations(101) }
  t.strictSame(told(judge(workloadObject('apps/v1/Deployment', many))), ['denial /spec/replicas'])
  t.strictSame(told(judge(workloadObject('apps/v1/DaemonSet', many))), ['denial /spec/template/spec'])
  const later = podObject({ ...many, schedulingGates: [{ name: 'a' }] })
  t.strictSame(told(judge(later)), ['advice /spec'])
})

const gangPod = (gang: string, i: number, more: JsonRecord = {}) =>
  podObject({ schedulingGroup: { podGroupName: gang }, ...more }, { ...needs(600), uid: `${gang}-${i}` })
const gangKey = (gang: string) => `scheduling.k8s.io default/${gang}`

/** A fleet with room for so many pods of 600, and what a pod meets there; an admitted one is recorded and shown. */
function gangWorld(room: number, replicas = 1) {
  const { ledger, clock } = fleetOf({ n1: { kubepods: [600 * room, 0], host: [100_000, 0] } })
  const headroom = new Headroom(
    ledger,
    clock,
    () => true,
    () => replicas
  )
  const facts = { facts: { headroom }, settings: { headroom: { floor: { pids: 0 } } } } as const
  return {
    ledger,
    clock,
    find: (object: JsonRecord) => findingsOf(pidHeadroom, object, facts),
    admits(object: JsonRecord, isShown = true): boolean {
      if (told(findingsOf(pidHeadroom, object, facts)).some((each) => each.startsWith('denial'))) return false
      const subject = subjectFrom(object)
      recordAdmission(subject, settings(), ledger, headroom)
      const { uid } = subject.metadata
      const group = podGroupOf('default', subject.metadata, object['spec'] as JsonRecord)
      if (isShown) ledger.observePod(podFacts(String(uid), { phase: 'Pending', estimated: 600, group }))
      return true
    }
  }
}

const six = [0, 1, 2, 3, 4, 5]

t.test('six that are of use only together, room for four: none is admitted, an ordinary one is', async (t) => {
  const { ledger, find, admits } = gangWorld(4)
  ledger.gangs.setSize(gangKey('gang'), 6)
  t.match(find(gangPod('gang', 0)), [
    {
      reason: 'no room for all pods of the group',
      detail: /^6 pods of 600, room for 4; .*; the group gang needs them at once; 600 is declared/,
      audit: /pods=6 room=4/
    }
  ])
  t.strictSame(
    six.map((i) => admits(gangPod('gang', i))),
    six.map(() => false)
  )
  t.equal(admits(podObject({}, { ...needs(600), uid: 'ordinary' })), true)
})

t.test('two gangs at once on room for one: one is admitted, the other waits', async (t) => {
  const { ledger, admits } = gangWorld(7)
  for (const gang of ['a', 'b']) ledger.gangs.setSize(gangKey(gang), 6)
  for (const i of six) t.strictSame([admits(gangPod('a', i)), admits(gangPod('b', i))], [true, false], `${i}`)
  t.equal(admits(podObject({}, { ...needs(600), uid: 'ordinary' })), true, 'beside it one more fits')
  t.equal(admits(podObject({}, { ...needs(600), uid: 'another' })), false)
  for (const i of six) ledger.removePod(`a-${i}`)
  ledger.removePod('ordinary')
  for (const i of six) t.equal(admits(gangPod('b', i)), true, `${i}`)
})

t.test('with several replicas a gang does not stand in its own way', async (t) => {
  const { ledger, admits } = gangWorld(6, 3)
  ledger.gangs.setSize(gangKey('a'), 6)
  for (const i of six) t.equal(admits(gangPod('a', i), false), true, `${i}`)
  t.equal(admits(podObject({}, { ...needs(1), uid: 'ordinary' })), false)
})

t.test('a gang that comes by half gives its room back, and the rest is asked for with what is there', async (t) => {
  const { ledger, clock, admits } = gangWorld(6)
  ledger.gangs.setSize(gangKey('a'), 6)
  t.equal(admits(gangPod('a', 0)), true)
  t.equal(admits(podObject({}, { ...needs(600), uid: 'ordinary' })), false, 'its room is kept')
  clock.advance(comingTime)
  ledger.observeReading({ ...reading('n1', clock.now()), kubepods: { limit: 3600, inUse: 0 } })
  t.equal(admits(podObject({}, { ...needs(600), uid: 'ordinary' })), true, 'for a moment only')
  t.equal(admits(gangPod('a', 1)), false, 'now there is room for five')
})

t.test('a group that is not known: the pod by itself, and a warning', async (t) => {
  const { find, admits } = gangWorld(1)
  t.match(find(gangPod('gang', 0)), [
    { reason: 'size of the pod group not known', detail: 'gang: checked as a pod by itself', advisory: true }
  ])
  t.equal(admits(gangPod('gang', 0)), true)
  t.match(find(gangPod('gang', 1)), [{ reason: 'no node has room for this pod' }])
})

t.test('gated pods of one group: warned of together, and the last gates go for all or none', async (t) => {
  const metadata = {
    ...needs(600),
    labels: { 'kueue.x-k8s.io/pod-group-name': 'batch' },
    annotations: { 'pidguard.io/pids': '600', 'kueue.x-k8s.io/pod-group-total-count': '6' }
  }
  for (const [room, want] of [
    [5, []],
    [6, six]
  ] as const) {
    const { ledger, clock, find } = gangWorld(room)
    const headroom = new Headroom(ledger, clock)
    const facts = { facts: { headroom }, settings: { headroom: { floor: { pids: 0 } } } } as const
    const started = six.filter((i) => {
      const gated = podObject(gates, { ...metadata, uid: `k-${i}` })
      t.strictSame(told(find(gated)), room === 5 ? ['advice /spec'] : [])
      const group = podGroupOf('default', metadata, {})
      ledger.observePod(podFacts(`k-${i}`, { phase: 'Pending', estimated: 600, isGated: true, group }))
      const change = { operation: 'UPDATE', oldObject: gated } as const
      const ungated = podObject({}, { ...metadata, uid: `k-${i}` })
      if (told(findingsOf(pidHeadroom, ungated, { ...facts, request: change })).length > 0) return false
      recordAdmission(subjectFrom(ungated, change), settings(), ledger, headroom)
      return true
    })
    t.strictSame(started, want)
  }
})

t.test('a Pod that names its node may be a shell on it: the denial says how to get one', async (t) => {
  const nodes = { n1: { kubepods: [1000, 990] } } as const
  for (const metadata of [{}, needs(50)]) {
    const [shell] = findingsOf(pidHeadroom, podObject({ nodeName: 'n1' }, metadata), world(nodes))
    t.match(shell?.remedy, /^Free PIDs on the nodes.*kubectl debug node\/NAME -n kube-system/)
  }
  const [other] = findingsOf(pidHeadroom, pod(50), world(nodes))
  t.equal(other?.remedy, undefined, 'any other has the remedy of the rule')
})

t.test('members that are there already are asked for as themselves: one of 600 and five of 100', async (t) => {
  const metadata = (i: number) => ({
    uid: `k-${i}`,
    labels: { 'kueue.x-k8s.io/pod-group-name': 'batch' },
    annotations: { 'pidguard.io/pids': i === 0 ? '600' : '100', 'kueue.x-k8s.io/pod-group-total-count': '6' }
  })
  for (const order of [six, six.toReversed()]) {
    for (const [room, want] of [
      [1099, []],
      [1100, order]
    ] as const) {
      const { ledger, clock } = fleetOf({ n1: { kubepods: [room, 0], host: [100_000, 0] } })
      const headroom = new Headroom(ledger, clock)
      const facts = { facts: { headroom }, settings: { headroom: { floor: { pids: 0 } } } } as const
      for (const i of six) {
        const group = podGroupOf('default', metadata(i), {})
        const estimated = i === 0 ? 600 : 100
        ledger.observePod(podFacts(`k-${i}`, { phase: 'Pending', estimated, isGated: true, placement: plain, group }))
      }
      const started = order.filter((i) => {
        const change = { operation: 'UPDATE', oldObject: podObject(gates, metadata(i)) } as const
        const ungated = podObject({}, metadata(i))
        const [finding] = findingsOf(pidHeadroom, ungated, { ...facts, request: change })
        if (finding !== undefined) {
          t.match(finding, {
            reason: 'no room for all pods of the group',
            detail: /the group batch needs 6 pods at once/
          })
          return false
        }
        recordAdmission(subjectFrom(ungated, change), settings(), ledger, headroom)
        t.ok(ledger.waiting.pids === 1100, `room is kept for the others, ${ledger.waiting.pids}`)
        return true
      })
      t.strictSame(started, want, `${room}`)
    }
  }
})
