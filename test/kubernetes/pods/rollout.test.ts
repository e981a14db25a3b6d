import t from 'tap'
import { countOf, grownPods, rolloutOf } from '../../../src/kubernetes/pods/rollout.ts'
import type { PodSubject } from '../../../src/kubernetes/subject.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { subjectFrom, workloadObject } from '../../support/subjects.ts'

function subject(kind: string, spec: JsonRecord): PodSubject {
  const object = workloadObject(kind)
  return subjectFrom({ ...object, spec: { ...(object['spec'] as JsonRecord), ...spec } }) as PodSubject
}

const deployment = 'apps/v1/Deployment'
const rolling = (maxSurge: unknown) => ({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge } } })

const cases = [
  { name: 'no number is one', kind: deployment, spec: {}, want: [1, 1] },
  { name: 'null is no number', kind: deployment, spec: { replicas: null }, want: [1, 1] },
  { name: 'replicas, and a quarter rounded up', kind: deployment, spec: { replicas: 5 }, want: [5, 2] },
  { name: 'none', kind: deployment, spec: { replicas: 0 }, want: [0, 0] },
  { name: 'paused', kind: deployment, spec: { replicas: 5, paused: true }, want: [0, 0] },
  { name: 'surge as a count', kind: deployment, spec: { replicas: 4, ...rolling(3) }, want: [4, 3] },
  { name: 'surge as a share', kind: deployment, spec: { replicas: 3, ...rolling('50%') }, want: [3, 2] },
  { name: 'surge of nothing', kind: deployment, spec: { replicas: 3, ...rolling(0) }, want: [3, 0] },
  { name: 'surge of no known shape', kind: deployment, spec: { replicas: 3, ...rolling('lots') }, want: [3, 1] },
  { name: 'surge unsaid', kind: deployment, spec: { replicas: 3, strategy: { type: 'RollingUpdate' } }, want: [3, 1] },
  { name: 'recreated', kind: deployment, spec: { replicas: 3, strategy: { type: 'Recreate' } }, want: [3, 0] },
  { name: 'StatefulSet', kind: 'apps/v1/StatefulSet', spec: { replicas: 3 }, want: [3, 0] },
  { name: 'ReplicaSet', kind: 'apps/v1/ReplicaSet', spec: { replicas: 3 }, want: [3, 0] },
  { name: 'Job', kind: 'batch/v1/Job', spec: {}, want: [1, 0] },
  { name: 'parallel Job', kind: 'batch/v1/Job', spec: { parallelism: 7 }, want: [7, 0] },
  {
    name: 'no more than are to complete',
    kind: 'batch/v1/Job',
    spec: { parallelism: 7, completions: 2 },
    want: [2, 0]
  },
  { name: 'suspended Job', kind: 'batch/v1/Job', spec: { parallelism: 7, suspend: true }, want: [0, 0] },
  {
    name: 'Job that another controller runs',
    kind: 'batch/v1/Job',
    spec: { parallelism: 7, managedBy: 'kueue.x-k8s.io/multikueue' },
    want: [0, 0]
  },
  {
    name: 'Job that names the built-in controller',
    kind: 'batch/v1/Job',
    spec: { parallelism: 7, managedBy: 'kubernetes.io/job-controller' },
    want: [7, 0]
  },
  { name: 'Job managed by null', kind: 'batch/v1/Job', spec: { parallelism: 7, managedBy: null }, want: [7, 0] },
  {
    name: 'CronJob whose Jobs another controller runs',
    kind: 'batch/v1/CronJob',
    spec: { jobTemplate: { spec: { parallelism: 3, managedBy: 'example.com/other' } } },
    want: [0, 0]
  },
  { name: 'CronJob', kind: 'batch/v1/CronJob', spec: { jobTemplate: { spec: { parallelism: 3 } } }, want: [3, 0] },
  { name: 'CronJob without a template', kind: 'batch/v1/CronJob', spec: { jobTemplate: null }, want: [0, 0] },
  { name: 'suspended CronJob', kind: 'batch/v1/CronJob', spec: { suspend: true }, want: [0, 0] }
]

for (const { name, kind, spec, want } of cases) {
  t.test(name, async (t) => {
    const { added, surge } = rolloutOf(subject(kind, spec), undefined)
    t.strictSame([added, surge], want)
  })
}

t.test('of a change only what is added to what runs', async (t) => {
  const added = (from: number, to: number) =>
    rolloutOf(subject(deployment, { replicas: to }), subject(deployment, { replicas: from })).added
  t.strictSame([added(3, 5), added(5, 5), added(5, 3)], [2, 0, 0])
})

t.test('pods that grow ask for what they grow by', async (t) => {
  t.equal(grownPods(10, 100, 50), 5)
  t.equal(grownPods(10, 100, 99), 1, 'rounded up')
  t.equal(grownPods(10, 50, 100), 0)
  t.equal(grownPods(10, 50, 50), 0)
})

t.test('a count is a whole number that is not below zero', async (t) => {
  t.strictSame([countOf(0), countOf(3)], [0, 3])
  for (const value of [-1, 1.5, '3', null, undefined, Number.NaN, 1e300]) t.equal(countOf(value), undefined)
})

t.test('a server that does not know managedBy makes the pods itself', async (t) => {
  const managed = { parallelism: 7, managedBy: 'kueue.x-k8s.io/multikueue' }
  const added = (server?: number) => [
    rolloutOf(subject('batch/v1/Job', managed), undefined, server).added,
    rolloutOf(subject('batch/v1/CronJob', { jobTemplate: { spec: managed } }), undefined, server).added
  ]
  t.strictSame(
    [added(31), added(32), added()],
    [
      [7, 7],
      [0, 0],
      [0, 0]
    ]
  )
})
