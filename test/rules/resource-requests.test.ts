import t from 'tap'
import { qosClassOf } from '../../src/kubernetes/qos/qos.ts'
import type { LimitRangeItem } from '../../src/kubernetes/types.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { resourceRequests } from '../../src/rules/resource-requests.ts'
import { findingsOf, mended, told, type World } from '../support/judge.ts'
import { podObject, podSubject, workloadObject } from '../support/subjects.ts'

const app = (resources?: object | null) => ({
  name: 'app',
  image: 'example.com/app:1',
  ...(resources !== undefined && { resources })
})
const fixed = (spec: JsonRecord, world: World = {}) => mended([resourceRequests], podObject(spec), world)

/** The resources of each container after the fix, init containers first. */
function resourcesIn(object: JsonRecord): unknown[] {
  const spec = object['spec'] as { initContainers?: { resources: unknown }[]; containers: { resources: unknown }[] }
  return [...(spec.initContainers ?? []), ...spec.containers].map(({ resources }) => resources)
}

const inject: World = { settings: { requests: { bestEffortPods: 'inject' } } }

// The policy's requests in these tests are cpu 10m and memory 32Mi.
const cases: { name: string; spec: JsonRecord; world?: World; want: unknown[] }[] = [
  {
    name: 'a partly filled container is completed',
    spec: { containers: [app({ requests: { cpu: '1' } })] },
    want: [{ requests: { cpu: '1', memory: '32Mi' } }]
  },
  {
    name: 'containers beside one with requests are filled, init containers and sidecars too',
    spec: {
      initContainers: [
        { ...app(), name: 'init' },
        { ...app(null), name: 'proxy', restartPolicy: 'Always' }
      ],
      containers: [app({ requests: { cpu: '1', memory: '1Gi' } }), { ...app({}), name: 'log' }]
    },
    want: [
      { requests: { cpu: '10m', memory: '32Mi' } },
      { requests: { cpu: '10m', memory: '32Mi' } },
      { requests: { cpu: '1', memory: '1Gi' } },
      { requests: { cpu: '10m', memory: '32Mi' } }
    ]
  },
  {
    name: 'an ephemeral container is not: it may hold none',
    spec: { containers: [app({ requests: { cpu: '1', memory: '1' } })], ephemeralContainers: [{ name: 'debug' }] },
    want: [{ requests: { cpu: '1', memory: '1' } }]
  },
  {
    name: 'an explicit zero says none on purpose, and stays',
    spec: { containers: [app({ requests: { cpu: '0', memory: '1Gi' } })] },
    want: [{ requests: { cpu: '0', memory: '1Gi' } }]
  },
  {
    name: 'beside a limit too, where it keeps the API server from copying the limit',
    spec: { containers: [app({ requests: { cpu: '0' }, limits: { cpu: '1' } })] },
    want: [{ requests: { cpu: '0', memory: '32Mi' }, limits: { cpu: '1' } }]
  },
  {
    name: 'a limit alone becomes the request by itself',
    spec: { containers: [app({ limits: { cpu: '5m' } })] },
    want: [{ limits: { cpu: '5m' }, requests: { memory: '32Mi' } }]
  },
  {
    name: 'a limit of zero leaves no room',
    spec: { containers: [app({ requests: { cpu: '0', memory: '1' }, limits: { cpu: '0' } })] },
    want: [{ requests: { cpu: '0', memory: '1' }, limits: { cpu: '0' } }]
  },
  {
    name: 'requests null, as YAML leaves it',
    spec: { containers: [app({ requests: null, limits: { cpu: '1' } })] },
    want: [{ requests: { memory: '32Mi' }, limits: { cpu: '1' } }]
  },
  {
    name: 'Guaranteed stays Guaranteed',
    spec: { containers: [app({ limits: { cpu: '1', memory: '1Gi' } })] },
    want: [{ limits: { cpu: '1', memory: '1Gi' } }]
  },
  {
    name: 'one container without limits makes it Burstable, so it is filled',
    spec: { containers: [app({ limits: { cpu: '1', memory: '1Gi' } }), { ...app(), name: 'b' }] },
    want: [{ limits: { cpu: '1', memory: '1Gi' } }, { requests: { cpu: '10m', memory: '32Mi' } }]
  },
  {
    name: 'pod-level resources are left alone',
    spec: { resources: { requests: { cpu: '1' } } },
    world: inject,
    want: [undefined]
  },
  {
    name: 'pod-level hugepages as well, although the pod is BestEffort',
    spec: { resources: { limits: { 'hugepages-2Mi': '2Mi' } } },
    world: inject,
    want: [undefined]
  },
  { name: 'BestEffort is left for best-effort to reject', spec: {}, want: [undefined] },
  {
    name: 'GPU only is BestEffort',
    spec: { containers: [app({ limits: { 'nvidia.com/gpu': 1 } })] },
    want: [{ limits: { 'nvidia.com/gpu': 1 } }]
  },
  {
    name: 'BestEffort is filled where the policy injects',
    spec: {},
    world: inject,
    want: [{ requests: { cpu: '10m', memory: '32Mi' } }]
  }
]
for (const { name, spec, world, want } of cases) {
  t.test(name, async (t) => {
    const before = podObject(spec)
    const { object } = mended([resourceRequests], before, world)
    t.strictSame(resourcesIn(object), want)
    t.strictSame(findingsOf(resourceRequests, object, world), [], 'the fix clears its own findings')
  })
}

t.test('a filled pod is Burstable, and what was is no other class than before', async (t) => {
  const zeros = { containers: [app({ requests: { cpu: 0, memory: 0 }, limits: { cpu: '1m', memory: '1Mi' } })] }
  const partly = { containers: [app({ requests: { cpu: 0 }, limits: { cpu: '1m' } })] }
  for (const spec of [zeros, partly]) {
    t.equal(qosClassOf(podSubject(spec).podSpec), 'Burstable')
    t.equal(qosClassOf(fixed(spec).object['spec'] as object), 'Burstable')
  }
  t.equal(qosClassOf(fixed({}, inject).object['spec'] as object), 'Burstable')
})

t.test('findings are advice: a pod runs well without', async (t) => {
  const partly = podObject({ containers: [app({ requests: { cpu: '1' } }), { ...app(), name: 'b' }] })
  t.strictSame(told(findingsOf(resourceRequests, partly)), [
    'advice /spec/containers/0/resources/requests/memory',
    'advice /spec/containers/1/resources/requests/cpu',
    'advice /spec/containers/1/resources/requests/memory'
  ])
})

t.test('a LimitRange bounds what is added', async (t) => {
  const item = (change: Partial<LimitRangeItem>): LimitRangeItem => ({ type: 'Container', ...change })
  const limits: { name: string; limitRanges: LimitRangeItem[]; want: object }[] = [
    { name: 'none', limitRanges: [], want: { cpu: '10m', memory: '32Mi' } },
    {
      name: 'a min at the request',
      limitRanges: [item({ min: { cpu: '10m' } })],
      want: { cpu: '10m', memory: '32Mi' }
    },
    { name: 'a min above it', limitRanges: [item({ min: { cpu: '11m' } })], want: { cpu: '11m', memory: '32Mi' } },
    {
      name: 'a max at the request',
      limitRanges: [item({ max: { memory: '32Mi' } })],
      want: { cpu: '10m', memory: '32Mi' }
    },
    { name: 'a max below it', limitRanges: [item({ max: { memory: '31Mi' } })], want: { cpu: '10m', memory: '31Mi' } },
    {
      name: 'the same in other units',
      limitRanges: [item({ min: { cpu: 0.01 } })],
      want: { cpu: '10m', memory: '32Mi' }
    },
    {
      name: 'two of them',
      limitRanges: [item({ min: { cpu: '20m' } }), item({ min: { cpu: '15m' }, max: { cpu: 1 } })],
      want: { cpu: '20m', memory: '32Mi' }
    },
    {
      name: 'one of Pods does not',
      limitRanges: [item({ type: 'Pod', min: { cpu: '1' } })],
      want: { cpu: '10m', memory: '32Mi' }
    },
    {
      name: 'null and unreadable bounds do not',
      limitRanges: [item({ min: { cpu: null as never }, max: null }), item({ max: { cpu: 'lots' } })],
      want: { cpu: '10m', memory: '32Mi' }
    }
  ]
  for (const { name, limitRanges, want } of limits) {
    t.test(name, async (t) => {
      const { object } = fixed({}, { ...inject, facts: { limitRanges } })
      t.strictSame(resourcesIn(object), [{ requests: want }])
    })
  }
})

t.test('only Pods at their creation are filled', async (t) => {
  const partly = { containers: [app({ requests: { cpu: '1' } })] }
  const nothing = { operations: [], fixedBy: [] }
  t.match(mended([resourceRequests], workloadObject('apps/v1/Deployment', partly)), nothing, 'a template is a rollout')
  const update = { operation: 'UPDATE', oldObject: podObject() } as const
  t.match(fixed(partly, { request: update }), nothing, 'a pod that exists cannot be changed')
  t.match(fixed(partly, { request: { subResource: 'resize' } }), nothing)
  t.match(fixed(partly, { exempt: { 'resource-requests': 'a reason' } }), nothing, 'an exempt one')
  for (const mode of ['warn', 'audit', 'off'] as const) {
    t.match(fixed(partly, { settings: { modes: { 'resource-requests': mode } } }), nothing, `mode ${mode}`)
  }
  t.match(fixed(partly), { fixedBy: ['resource-requests'] })
})

t.test('a terminating or mirror pod is left alone, but a client cannot claim to send one', async (t) => {
  const partly = { containers: [app({ requests: { cpu: '1' } })] }
  const claim = podObject(partly, { deletionTimestamp: '2026-01-01T00:00:00Z' })
  t.equal(mended([resourceRequests], claim).operations.length, 1)
  const mirror = podObject(partly, { annotations: { 'kubernetes.io/config.mirror': 'x' } })
  t.equal(mended([resourceRequests], mirror).operations.length, 1)
  t.equal(mended([resourceRequests], mirror, { request: { userName: 'system:node:a' } }).operations.length, 0)
})

t.test('an update that leaves resources alone raises no findings', async (t) => {
  const partly = { containers: [app({ requests: { cpu: '1' } })] }
  const update: World = { request: { operation: 'UPDATE', oldObject: podObject(partly) } }
  t.strictSame(findingsOf(resourceRequests, podObject(partly, { labels: { a: 'b' } }), update), [])
})
