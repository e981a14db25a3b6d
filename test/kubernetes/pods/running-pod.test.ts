import t from 'tap'
import { runningPodOf } from '../../../src/kubernetes/pods/running-pod.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { podSubject } from '../../support/subjects.ts'

const running = (metadata: JsonRecord = {}, spec: JsonRecord = { nodeName: 'n1' }, phase = 'Running') => {
  const subject = podSubject(spec, { name: 'web', uid: 'u-1', ...metadata })
  return runningPodOf({ ...subject, object: { ...subject.object, status: { phase } } })
}

void t.test('a pod runs in the phase Running, on its node', async (t) => {
  t.strictSame(running(), { node: 'n1', cgroup: 'u-1', isTerminating: false })
  t.equal(running({}, {}), undefined)
  for (const phase of ['Pending', 'Succeeded', 'Failed']) t.equal(running({}, { nodeName: 'n1' }, phase), undefined)
})

void t.test('a static pod goes by the hash of its file; one that is being deleted still runs', async (t) => {
  const annotations = { 'kubernetes.io/config.mirror': 'h', 'kubernetes.io/config.hash': 'h' }
  t.equal(running({ annotations })?.cgroup, 'h')
  t.equal(running({ deletionTimestamp: '2026-11-21T00:00:00Z' })?.isTerminating, true)
  t.equal(running({ uid: 7 })?.cgroup, undefined)
})
