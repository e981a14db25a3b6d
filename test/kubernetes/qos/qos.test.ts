import t from 'tap'
import { isBestEffort, type QosClass, qosClassOf } from '../../../src/kubernetes/qos/qos.ts'
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
    spec: { resources: { requests: { cpu: '1', memory: '1Gi' } }, containers: [container(full)] },
    want: 'Burstable'
  },
  {
    name: 'pod-level request of zero, without limits, beside a container’s request',
    spec: { resources: { requests: { memory: '0' } }, containers: [container({ requests: { cpu: '1' } })] },
    want: 'BestEffort'
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
    t.equal(isBestEffort(spec), want === 'BestEffort')
  })
}
