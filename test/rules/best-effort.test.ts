import t from 'tap'
import { bestEffort } from '../../src/rules/best-effort.ts'
import { findingsOf, told, type World } from '../support/judge.ts'
import { podObject, workloadObject } from '../support/subjects.ts'

const app = (resources?: object) => ({ name: 'app', image: 'example.com/app:1', ...(resources && { resources }) })
const init = (resources?: object) => ({ ...app(resources), name: 'init' })
const sidecar = (resources?: object) => ({ ...app(resources), name: 'proxy', restartPolicy: 'Always' })

const rejected = ['denial /spec/containers/0/resources']

const pods = [
  { name: 'no resources at all', spec: {}, want: rejected },
  { name: 'resources null, as YAML leaves it', spec: { containers: [{ ...app(), resources: null }] }, want: rejected },
  { name: 'empty requests and limits', spec: { containers: [app({ requests: {}, limits: null })] }, want: rejected },
  { name: 'a cpu request', spec: { containers: [app({ requests: { cpu: '1m' } })] }, want: [] },
  { name: 'a memory request', spec: { containers: [app({ requests: { memory: 1 } })] }, want: [] },
  { name: 'cpu of "0" is no escape', spec: { containers: [app({ requests: { cpu: '0' } })] }, want: rejected },
  { name: 'neither is 0m', spec: { containers: [app({ requests: { cpu: '0m' } })] }, want: rejected },
  { name: 'a number is read too', spec: { containers: [app({ requests: { cpu: 1 } })] }, want: [] },
  { name: 'a limit of zero does not count', spec: { containers: [app({ limits: { cpu: 0 } })] }, want: rejected },
  {
    name: 'a request of zero with a limit above it is Burstable',
    spec: { containers: [app({ requests: { cpu: '0' }, limits: { cpu: '1' } })] },
    want: []
  },
  { name: 'limits only', spec: { containers: [app({ limits: { memory: '1Gi' } })] }, want: [] },
  {
    name: 'GPUs and ephemeral storage do not count',
    spec: { containers: [app({ limits: { 'nvidia.com/gpu': 1, 'ephemeral-storage': '1Gi' } })] },
    want: rejected
  },
  {
    name: 'an unreadable quantity does not count',
    spec: { containers: [app({ requests: { cpu: 'x' } })] },
    want: rejected
  },
  { name: 'one of two containers is enough', spec: { containers: [app(), app({ requests: { cpu: '1' } })] }, want: [] },
  {
    name: 'an init container is enough',
    spec: { initContainers: [init({ requests: { cpu: '1' } })], containers: [app()] },
    want: []
  },
  {
    name: 'a sidecar is enough',
    spec: { initContainers: [sidecar({ requests: { memory: '1Mi' } })], containers: [app()] },
    want: []
  },
  {
    name: 'an ephemeral container is not: it may hold no resources',
    spec: { ephemeralContainers: [{ name: 'debug', resources: { requests: { cpu: '1' } } }] },
    want: rejected
  },
  { name: 'pod-level cpu', spec: { resources: { requests: { cpu: '1' } } }, want: [] },
  { name: 'pod-level limits only', spec: { resources: { limits: { memory: '1Gi' } } }, want: [] },
  {
    name: 'pod-level hugepages only: they decide alone, and do not count',
    spec: { resources: { limits: { 'hugepages-2Mi': '2Mi' } } },
    want: ['denial /spec/resources']
  },
  {
    name: 'pod-level hugepages, and requests of the containers that the API server adds up',
    spec: { resources: { limits: { 'hugepages-2Mi': '2Mi' } }, containers: [app({ requests: { cpu: '1' } })] },
    want: []
  },
  {
    name: 'and the init containers one after the other',
    spec: {
      resources: { limits: { 'hugepages-2Mi': '2Mi' } },
      initContainers: [init({ requests: { cpu: '2' } }), { ...init({ requests: { cpu: '1' } }), name: 'second' }]
    },
    want: []
  },
  { name: 'pod-level zero', spec: { resources: { requests: { cpu: '0' } } }, want: ['denial /spec/resources'] },
  {
    name: 'pod-level resources that do not exist there',
    spec: { resources: { limits: { 'x.io/y': 1 } } },
    want: ['denial /spec/resources']
  },
  { name: 'no containers: the API server refuses it itself', spec: { containers: [] }, want: [] },
  { name: 'containers null', spec: { containers: null }, want: [] }
]
for (const { name, spec, want } of pods) {
  t.test(name, async (t) => {
    t.strictSame(told(findingsOf(bestEffort, podObject(spec))), want)
  })
}

t.test('empty pod-level resources decide on v1.34 to v1.36, and on an unknown server they may', async (t) => {
  const pod = podObject({ resources: {}, containers: [app({ requests: { cpu: '1' } })] })
  const found = (serverVersion?: number) =>
    findingsOf(bestEffort, pod, { facts: serverVersion === undefined ? {} : { serverVersion } })
  for (const minor of [20, 33, 37]) t.strictSame(told(found(minor)), [], `v1.${minor}`)
  for (const minor of [34, 36]) t.strictSame(told(found(minor)), ['denial /spec/resources'], `v1.${minor}`)
  t.strictSame(told(found()), ['denial /spec/resources'])
  t.match(found()[0]?.detail, /version of this server is not known/)
  t.match(found(36)[0]?.remedy, /pod's own spec.resources, or remove spec.resources/)
})

t.test('names at most three containers', async (t) => {
  const named = (count: number) =>
    findingsOf(bestEffort, podObject({ containers: Array.from({ length: count }, (_, i) => ({ name: `c${i}` })) }))[0]
      ?.detail
  t.match(named(3), /c0, c1, c2$/)
  t.match(named(4), /c0, c1, c2 and 1 more$/)
})

t.test('templates', async (t) => {
  const limitRange = (change: object): World => ({ facts: { limitRanges: [{ type: 'Container', ...change }] } })
  const inject: World = { settings: { requests: { bestEffortPods: 'inject' } }, facts: { limitRanges: [] } }
  const zero = { containers: [app({ requests: { cpu: '0', memory: '0' } })] }
  const at = '/spec/template/spec/containers/0/resources'
  const cases: { name: string; spec?: object; world: World; want: string[] }[] = [
    { name: 'are advice while the LimitRanges are not known', world: {}, want: [`advice ${at}`] },
    { name: 'are denied where there are none', world: { facts: { limitRanges: [] } }, want: [`denial ${at}`] },
    { name: 'pass with a default request', world: limitRange({ defaultRequest: { cpu: '100m' } }), want: [] },
    { name: 'pass with a default limit', world: limitRange({ default: { memory: '1Gi' } }), want: [] },
    { name: 'pass with a max, which becomes the default', world: limitRange({ max: { cpu: '1' } }), want: [] },
    { name: 'pass with a min, which becomes the request', world: limitRange({ min: { cpu: '1m' } }), want: [] },
    {
      name: 'take a default of zero before the max',
      world: limitRange({ default: { cpu: '0' }, max: { cpu: '1' } }),
      want: [`denial ${at}`]
    },
    {
      name: 'get nothing from limits of other resources',
      world: limitRange({ default: { 'ephemeral-storage': '1Gi' } }),
      want: [`denial ${at}`]
    },
    {
      name: 'get nothing from a LimitRange of Pods: only those of Containers have defaults',
      world: limitRange({ type: 'Pod', max: { cpu: '1' } }),
      want: [`denial ${at}`]
    },
    {
      name: 'that say zero themselves keep it',
      spec: zero,
      world: limitRange({ defaultRequest: { cpu: '1' } }),
      want: [`denial ${at}`]
    },
    { name: 'that say zero still get a limit', spec: zero, world: limitRange({ default: { cpu: '1' } }), want: [] },
    {
      name: 'that limit to zero get nothing',
      spec: { containers: [app({ limits: { cpu: '0' } })] },
      world: limitRange({ default: { cpu: '1' }, min: { cpu: '1m' } }),
      want: [`denial ${at}`]
    },
    {
      name: 'get nothing where the pod itself holds resources',
      spec: { resources: { limits: { 'hugepages-2Mi': '2Mi' } } },
      world: limitRange({ default: { cpu: '1' } }),
      want: ['denial /spec/template/spec/resources']
    },
    { name: 'pass where the policy injects', world: inject, want: [] },
    {
      name: 'do not where the injecting rule only watches',
      world: { ...inject, settings: { ...inject.settings, modes: { 'resource-requests': 'warn' } } },
      want: [`denial ${at}`]
    },
    {
      name: 'do not where the workload is exempted from being given any',
      world: { ...inject, exempt: { 'resource-requests': 'a reason' } },
      want: [`denial ${at}`]
    },
    {
      name: 'do not where nothing can be injected',
      spec: { containers: [app({ limits: { cpu: 0, memory: 0 } })] },
      world: inject,
      want: [`denial ${at}`]
    },
    {
      name: 'with limits only are Burstable or better, as their Pods will be',
      spec: { containers: [app({ limits: { cpu: '1' } })] },
      world: {},
      want: []
    },
    {
      name: 'with limits of the pod only too',
      spec: { resources: { limits: { cpu: '1', memory: '1Gi' } } },
      world: {},
      want: []
    }
  ]
  for (const { name, spec, world, want } of cases) {
    t.test(name, async (t) => {
      t.strictSame(told(findingsOf(bestEffort, workloadObject('apps/v1/Deployment', { ...spec }), world)), want)
    })
  }
})

t.test('a Pod is judged as it is, whatever LimitRanges say: their defaults are in it already', async (t) => {
  const facts = { limitRanges: [{ type: 'Container', default: { cpu: '1' } }] }
  t.strictSame(told(findingsOf(bestEffort, podObject(), { facts })), rejected)
})

t.test('every kind with a template', async (t) => {
  for (const kind of [
    'apps/v1/Deployment',
    'apps/v1/StatefulSet',
    'apps/v1/DaemonSet',
    'apps/v1/ReplicaSet',
    'batch/v1/Job',
    'v1/ReplicationController'
  ]) {
    t.strictSame(
      told(findingsOf(bestEffort, workloadObject(kind))),
      ['advice /spec/template/spec/containers/0/resources'],
      kind
    )
  }
  const [told0] = told(findingsOf(bestEffort, workloadObject('batch/v1/CronJob')))
  t.equal(told0, 'advice /spec/jobTemplate/spec/template/spec/containers/0/resources')
  const bare = { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'bare' }, spec: { replicas: 1 } }
  t.strictSame(findingsOf(bestEffort, bare), [], 'a ReplicationController may lack a template')
})

t.test('what a controller makes from its own template', async (t) => {
  const owned = (kind: string, apiVersion: string, controller: boolean) => ({
    ownerReferences: [{ apiVersion, kind, name: 'web', uid: 'u', controller }]
  })
  const objects = [
    [
      'a ReplicaSet of a Deployment',
      workloadObject('apps/v1/ReplicaSet', {}, {}, owned('Deployment', 'apps/v1', true))
    ],
    ['a Job of a CronJob', workloadObject('batch/v1/Job', {}, {}, owned('CronJob', 'batch/v1', true))],
    ['a Deployment of an operator', workloadObject('apps/v1/Deployment', {}, {}, owned('Shop', 'example.com/v1', true))]
  ] as const
  for (const [name, object] of objects)
    t.strictSame(findingsOf(bestEffort, object), [], `${name} is judged at its Pods`)
  t.strictSame(told(findingsOf(bestEffort, podObject({}, owned('ReplicaSet', 'apps/v1', true)))), rejected, 'as here')
  const loose = workloadObject('batch/v1/Job', {}, {}, owned('Workflow', 'example.com/v1', false))
  t.equal(findingsOf(bestEffort, loose).length, 1, 'an owner that is not the controller makes no difference')
})

t.test('what no rule may hold up', async (t) => {
  const mirror = { annotations: { 'kubernetes.io/config.mirror': 'hash' } }
  const node: World = { request: { userName: 'system:node:worker-1' } }
  const update: World = { request: { operation: 'UPDATE', oldObject: podObject({}, mirror) } }
  t.strictSame(findingsOf(bestEffort, podObject({}, mirror), node), [], 'a mirror pod runs anyway')
  t.strictSame(findingsOf(bestEffort, podObject({}, mirror), update), [], 'and stays one: the API server sees to it')
  t.strictSame(
    told(findingsOf(bestEffort, podObject({}, mirror))),
    rejected,
    'a person is not believed to be a kubelet'
  )

  const terminating = podObject({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })
  const old = podObject({ containers: [app({ requests: { cpu: '1' } })] })
  const finalized: World = { request: { operation: 'UPDATE', oldObject: old } }
  t.strictSame(findingsOf(bestEffort, terminating, finalized), [], 'a pod on its way out')
  t.strictSame(told(findingsOf(bestEffort, terminating)), rejected, 'a new pod is not on its way out')
  t.strictSame(findingsOf(bestEffort, podObject(), { request: { operation: 'DELETE' } }), [], 'a deletion')
  t.strictSame(findingsOf(bestEffort, podObject(), { request: { operation: 'CONNECT' } }), [], 'an exec')
})

t.test('updates', async (t) => {
  const withRequest = podObject({ containers: [app({ requests: { cpu: '1' } })] })
  const from = (oldObject: Record<string, unknown>, subResource = ''): World => ({
    request: { operation: 'UPDATE', oldObject, subResource }
  })
  t.strictSame(findingsOf(bestEffort, podObject({}, { labels: { a: 'b' } }), from(podObject())), [], 'a new label')
  t.strictSame(told(findingsOf(bestEffort, podObject(), from(withRequest))), rejected, 'resources taken away')
  t.strictSame(told(findingsOf(bestEffort, podObject(), from(withRequest, 'resize'))), rejected, 'by a resize too')
  t.strictSame(findingsOf(bestEffort, withRequest, from(podObject(), 'resize')), [], 'a resize upwards')
  t.strictSame(
    findingsOf(
      bestEffort,
      podObject({ ephemeralContainers: [{ name: 'debug' }] }),
      from(withRequest, 'ephemeralcontainers')
    ),
    [],
    'a debug container is let in: it changes no class'
  )
  t.strictSame(findingsOf(bestEffort, podObject(), from(withRequest, 'status')), [], 'the status of a pod')
  const grown = workloadObject('apps/v1/Deployment', { containers: [app(), app()] })
  t.equal(findingsOf(bestEffort, grown, from(workloadObject('apps/v1/Deployment'))).length, 1, 'a new container')
  t.equal(findingsOf(bestEffort, podObject(), from({ spec: [] })).length, 1, 'an old object nobody can read')
})

t.test('a Pod that names its node may be a shell on it: the denial says how to get one', async (t) => {
  const [shell] = findingsOf(bestEffort, podObject({ nodeName: 'n1', hostPID: true }))
  t.match(shell?.remedy, /Set resources.requests.cpu.*kubectl debug node\/NAME -n kube-system/)
  const [other] = findingsOf(bestEffort, podObject())
  t.equal(other?.remedy, undefined, 'any other has the remedy of the rule')
})
