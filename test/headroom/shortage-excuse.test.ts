import t from 'tap'
import { excused, excuseOf } from '../../src/headroom/shortage-excuse.ts'
import type { PodSubject } from '../../src/kubernetes/subject.ts'
import { podObject, subjectFrom, workloadObject } from '../support/subjects.ts'

const policy = { autoscaled: false, urgentPriority: 1000 }

function excuse(kind: string, userName = 'jane', spec: object = {}, more: { old?: object; ending?: number } = {}) {
  const make = (change: object) => {
    const object = workloadObject(kind)
    return subjectFrom({ ...object, spec: { ...(object['spec'] as object), ...change } }, { userName }) as PodSubject
  }
  return excuseOf(
    make(spec),
    more.old && make(more.old),
    policy,
    more.ending === undefined ? {} : { ending: more.ending }
  )
}

t.test(
  'a person’s apply has no excuse; what a controller does, what runs as far as it fits, and what comes later has',
  async (t) => {
    t.equal(excuse('apps/v1/Deployment'), undefined)
    t.equal(
      excuse('apps/v1/Deployment', 'system:serviceaccount:argocd:argocd'),
      undefined,
      'which applies what people wrote'
    )
    t.match(excuse('apps/v1/ReplicaSet', 'system:serviceaccount:kube-system:deployment-controller'), /controller/)
    t.match(excuse('batch/v1/Job'), /as many of its pods as fit/)
    t.match(excuse('batch/v1/CronJob'), /later/)
    t.match(excuse('apps/v1/Deployment', 'jane', {}, { old: { paused: true } }), /resumed/)
    t.equal(excuse('apps/v1/Deployment', 'jane', { paused: true }, { old: { paused: true } }), undefined)
    t.match(excuse('apps/v1/Deployment', 'jane', {}, { ending: 3 }), /^3 of its pods are about to end$/)
  }
)

t.test('a pod by its priority, and anything where nodes are added', async (t) => {
  const pod = (priority: unknown) => subjectFrom(podObject({ priority }))
  t.equal(excuseOf(pod(999), undefined, policy), undefined)
  t.match(excuseOf(pod(1000), undefined, policy), /urgent/)
  t.match(excuseOf(pod(0), undefined, { ...policy, autoscaled: true }), /nodes are added/)
})

t.test('whatever the scheduler counts: a pod that finds no room waits', async (t) => {
  const isScheduled = true
  t.match(excuseOf(subjectFrom(podObject()), undefined, policy, { isScheduled }), /the scheduler counts PIDs/)
  t.match(excuseOf(subjectFrom(workloadObject('apps/v1/Deployment')), undefined, policy, { isScheduled }), /Pending/)
})

t.test('a finding with an excuse warns and says why; one that warns anyway stays as it is', async (t) => {
  const finding = { pointer: '/spec', reason: 'r', detail: 'd' }
  t.strictSame(excused([finding], undefined), [finding])
  t.strictSame(excused([finding, { ...finding, advisory: true }], 'w'), [
    { ...finding, detail: 'd; not denied: w', advisory: true },
    { ...finding, advisory: true }
  ])
})
