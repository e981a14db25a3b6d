import t from 'tap'
import { namePodGroup, type PodGroup, podGroupKinds, podGroupOf } from '../../../src/kubernetes/pods/pod-groups.ts'
import type { ObjectMeta, PodSpec } from '../../../src/kubernetes/types.ts'

interface Case {
  readonly name: string
  readonly metadata?: ObjectMeta
  readonly spec?: PodSpec
  readonly want: PodGroup | undefined
}

const cases: readonly Case[] = [
  { name: 'a pod that stands alone', metadata: { labels: { app: 'x' } }, spec: {}, want: undefined },
  {
    name: 'Kubernetes itself',
    spec: { schedulingGroup: { podGroupName: 'gang' } },
    want: { key: 'scheduling.k8s.io shop/gang', size: undefined, startsWhole: true }
  },
  { name: 'a group without a name', spec: { schedulingGroup: {} }, want: undefined },
  { name: 'a group of the wrong shape', spec: { schedulingGroup: 'gang' }, want: undefined },
  {
    name: 'scheduler-plugins',
    metadata: { labels: { 'scheduling.x-k8s.io/pod-group': 'gang' } },
    want: { key: 'scheduling.x-k8s.io shop/gang', size: undefined, startsWhole: true }
  },
  { name: 'an empty label', metadata: { labels: { 'scheduling.x-k8s.io/pod-group': '' } }, want: undefined },
  {
    name: 'Volcano',
    metadata: { annotations: { 'scheduling.k8s.io/group-name': 'gang' } },
    want: { key: 'scheduling.volcano.sh shop/gang', size: undefined, startsWhole: true }
  },
  {
    name: 'Volcano, by its own annotations',
    metadata: {
      annotations: { 'scheduling.volcano.sh/group-name': 'gang', 'scheduling.volcano.sh/group-min-member': '6' }
    },
    want: { key: 'scheduling.volcano.sh shop/gang', size: 6, startsWhole: true }
  },
  {
    name: 'Kueue',
    metadata: {
      labels: { 'kueue.x-k8s.io/pod-group-name': 'gang' },
      annotations: { 'kueue.x-k8s.io/pod-group-total-count': '6' }
    },
    want: { key: 'kueue.x-k8s.io shop/gang', size: 6, startsWhole: false }
  },
  ...['0', '-1', '6 ', '1e9', '1000000', 'six', ''].map((size) => ({
    name: `a size of "${size}" is none`,
    metadata: {
      labels: { 'kueue.x-k8s.io/pod-group-name': 'gang' },
      annotations: { 'kueue.x-k8s.io/pod-group-total-count': size }
    },
    want: { key: 'kueue.x-k8s.io shop/gang', size: undefined, startsWhole: false }
  }))
]

for (const { name, metadata = {}, spec = {}, want } of cases) {
  t.test(name, async (t) => t.strictSame(podGroupOf('shop', metadata, spec), want))
}

t.test('people read its name', async (t) => {
  t.equal(namePodGroup({ key: 'scheduling.k8s.io shop/gang', size: undefined, startsWhole: true }), 'gang')
})

const sizes = [
  { group: 'scheduling.k8s.io', spec: { schedulingPolicy: { gang: { minCount: 6 } } }, want: 6 },
  { group: 'scheduling.k8s.io', spec: { schedulingPolicy: { basic: {} } }, want: 1 },
  { group: 'scheduling.k8s.io', spec: { schedulingPolicy: {} }, want: undefined },
  { group: 'scheduling.k8s.io', spec: {}, want: undefined },
  { group: 'scheduling.x-k8s.io', spec: { minMember: 6 }, want: 6 },
  { group: 'scheduling.volcano.sh', spec: { minMember: 6 }, want: 6 },
  ...[0, -1, 1.5, '6', null, undefined].map((minMember) => ({
    group: 'scheduling.volcano.sh',
    spec: { minMember },
    want: undefined
  }))
]

for (const { group, spec, want } of sizes) {
  t.test(`${group} ${JSON.stringify(spec)}: ${want}`, async (t) => t.equal(podGroupKinds.get(group)?.(spec), want))
}
