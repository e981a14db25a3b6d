import t from 'tap'
import { ownerOf } from '../../src/audit/finding-owner.ts'
import { subjectOfObject } from '../../src/kubernetes/subject.ts'
import { podObject, tigeraOperator, workloadObject } from '../support/subjects.ts'

function owned(apiVersion: string, kind: string, name: string, labels = {}) {
  const object = podObject(
    {},
    { name: 'p', namespace: 'shop', labels, ownerReferences: [{ apiVersion, kind, name, controller: true }] }
  )
  return ownerOf(subjectOfObject(object), 'v1')
}

t.test('a pod is told of its workload, with the version it is served under', async (t) => {
  const shop = { namespace: 'shop' }
  t.strictSame(owned('apps/v1', 'ReplicaSet', 'web-abc', { 'pod-template-hash': 'abc' }), {
    ...shop,
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'web'
  })
  t.strictSame(owned('batch/v1', 'Job', 'night-27654321'), {
    ...shop,
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    name: 'night'
  })
  t.strictSame(owned('example.com/v1', 'Flow', 'f'), { ...shop, apiVersion: 'example.com/v1', kind: 'Flow', name: 'f' })
  t.strictSame(
    owned('', 'DaemonSet', 'd'),
    { ...shop, apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd' },
    'as a snapshot has it'
  )
})

t.test('everything else is told of itself, also what a controller owns', async (t) => {
  const ownerReferences = [tigeraOperator]
  const object = workloadObject('apps/v1/DaemonSet', {}, {}, { name: 'calico-node', ownerReferences })
  t.match(ownerOf(subjectOfObject(object), 'apps/v1'), { kind: 'DaemonSet', name: 'calico-node' })
  t.match(ownerOf(subjectOfObject(podObject({}, { name: 'lone' })), 'v1'), {
    kind: 'Pod',
    name: 'lone',
    apiVersion: 'v1'
  })
})
