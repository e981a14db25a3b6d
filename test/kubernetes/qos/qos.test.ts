import t from 'tap'
import { isBestEffort, mayDecideAtPodLevel, type QosClass, qosClassOf } from '../../../src/kubernetes/qos/qos.ts'
import { newestMinor } from '../../../src/kubernetes/server-version.ts'
import type { PodSpec } from '../../../src/kubernetes/types.ts'

const full = { limits: { cpu: '1', memory: '1Gi' } }
const container = (resources?: object): { name: string } => ({ name: 'a', ...(resources && { resources }) })

const cases: { name: string; spec: PodSpec; want: QosClass }[] = [
  { name: 'no containers', spec: {}, want: 'BestEffort' },
  { name: 'no resources', spec: { containers: [container()] }, want: 'BestEffort' },
  { name: 'limits of both', spec: { containers: [container(full)] }, want: 'Guaranteed' },
  {
    name: 'equal in different spellings',
    spec: {
      containers: [container({ limits: { cpu: 1, memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } })]
    },
    want: 'Guaranteed'
  },
  {
    name: 'a request below its limit',
    spec: { containers: [container({ ...full, requests: { cpu: '999m' } })] },
    want: 'Burstable'
  },
  { name: 'only cpu', spec: { containers: [container({ limits: { cpu: '1' } })] }, want: 'Burstable' },
  { name: 'a request of zero', spec: { containers: [container({ requests: { cpu: '0' } })] }, want: 'BestEffort' },
  { name: 'the least request', spec: { containers: [container({ requests: { cpu: '1n' } })] }, want: 'Burstable' },
  { name: 'a negative request', spec: { containers: [container({ requests: { cpu: '-1' } })] }, want: 'BestEffort' },
  {
    name: 'a request of zero under a limit',
    spec: { containers: [container({ ...full, requests: { cpu: '0' } })] },
    want: 'Burstable'
  },
  {
    name: 'a GPU and storage alone',
    spec: { containers: [container({ limits: { 'nvidia.com/gpu': 1, 'ephemeral-storage': '1Gi' } })] },
    want: 'BestEffort'
  },
  {
    name: 'one container of two without',
    spec: { containers: [container(full), container()] },
    want: 'Burstable'
  },
  {
    name: 'an init container without',
    spec: { containers: [container(full)], initContainers: [container()] },
    want: 'Burstable'
  },
  {
    name: 'an init container alone has a request',
    spec: { containers: [container()], initContainers: [container({ requests: { cpu: '1' } })] },
    want: 'Burstable'
  },
  {
    name: 'an ephemeral container does not count',
    spec: { containers: [container(full)], ephemeralContainers: [container()] },
    want: 'Guaranteed'
  },
  {
    name: 'pod-level limits decide alone',
    spec: { resources: full, containers: [container(), container({ requests: { cpu: '1m' }, limits: { cpu: '2m' } })] },
    want: 'Burstable'
  },
  { name: 'pod-level limits of both', spec: { resources: full, containers: [container()] }, want: 'Guaranteed' },
  {
    name: 'pod-level hugepages only',
    spec: { resources: { limits: { 'hugepages-2Mi': '4Mi' } }, containers: [container()] },
    want: 'BestEffort'
  },
  {
    name: 'pod-level requests without limits',
    spec: { resources: { requests: { cpu: '1', memory: '1Gi' } }, containers: [container()] },
    want: 'Burstable'
  },
  {
    name: 'pod-level request of zero, without limits, beside a container’s request',
    spec: { resources: { requests: { memory: '0' } }, containers: [container({ requests: { cpu: '1' } })] },
    want: 'Burstable'
  },
  {
    name: 'pod-level requests, and limits that the containers add up to them',
    spec: { resources: { requests: { cpu: '1', memory: '1Gi' } }, containers: [container(full)] },
    want: 'Guaranteed'
  },
  {
    name: 'empty pod-level resources do not decide',
    spec: { resources: {}, containers: [container(full)] },
    want: 'Guaranteed'
  },
  {
    name: 'what is no quantity counts as unset',
    spec: { containers: [container({ requests: { cpu: 'much' } })] },
    want: 'BestEffort'
  }
]
for (const { name, spec, want } of cases) {
  void t.test(name, async (t) => {
    t.equal(qosClassOf(spec), want)
    t.equal(isBestEffort(spec, newestMinor), want === 'BestEffort')
  })
}

void t.test('empty pod-level resources make a pod BestEffort on v1.34 to v1.36, and on no other', async (t) => {
  const spec = { resources: {}, containers: [container(full)] }
  t.strictSame(
    [33, 34, 36, 37, 38].map((server) => qosClassOf(spec, server)),
    ['Guaranteed', 'BestEffort', 'BestEffort', 'Guaranteed', 'Guaranteed']
  )
})

void t.test('of an unknown server a pod is BestEffort when it would be on any', async (t) => {
  const older = { resources: {}, containers: [container(full)] }
  t.equal(isBestEffort(older, undefined), true)
  const zero = { resources: { requests: { memory: '0' } }, containers: [container({ requests: { cpu: '1' } })] }
  t.strictSame([isBestEffort(zero, undefined), isBestEffort(zero, 36), isBestEffort(zero, 37)], [true, true, false])
  t.equal(isBestEffort({ containers: [container(full)] }, undefined), false)
  t.equal(mayDecideAtPodLevel(older, undefined), true)
  t.equal(mayDecideAtPodLevel(older, 37), false)
  t.equal(mayDecideAtPodLevel({ containers: [] }, undefined), false)
})
