import t from 'tap'
import { FindingOwners, ownerOf } from '../../src/audit/finding-owner.ts'
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

const kinds = new Set(['ray.io/RayJob', 'ray.io/RayCluster'])

function made(kind: string, by: object | null, uid = kind) {
  const metadata = { name: uid, namespace: 'shop', uid, ownerReferences: by === null ? [] : [by] }
  const isPod = kind === 'Pod'
  const object = isPod ? podObject({}, metadata) : workloadObject('batch/v1/Job', {}, {}, metadata)
  return subjectOfObject(object)
}

function by(kind: string, uid: string = kind, apiVersion = 'ray.io/v1') {
  return { apiVersion, kind, name: uid, uid, controller: true }
}

t.test('a pod is known by the object of an own kind that made what made it, over any number of steps', async (t) => {
  const owners = new FindingOwners(kinds)
  owners.note(made('RayCluster', by('RayJob'), 'cluster'))
  owners.note(made('Job', by('RayCluster', 'cluster'), 'job'))
  owners.note(made('Job', by('Operator', 'operator', 'example.com/v1'), 'other'))
  const of = (pod: ReturnType<typeof made>) => owners.ownerOf(pod, 'v1')
  t.strictSame(of(made('Pod', by('Job', 'job', 'batch/v1'))), {
    apiVersion: 'ray.io/v1',
    kind: 'RayJob',
    namespace: 'shop',
    name: 'RayJob'
  })
  t.match(of(made('Pod', by('Job', 'other', 'batch/v1'))), { kind: 'Job', name: 'other' })
  t.match(of(made('Pod', by('Job', 'unseen', 'batch/v1'))), { kind: 'Job', name: 'unseen' })
  t.match(of(made('Pod', null)), { kind: 'Pod' })
})

t.test('references in a circle end', async (t) => {
  const owners = new FindingOwners(kinds)
  owners.note(made('RayCluster', by('RayJob', 'b'), 'a'))
  owners.note(made('RayJob', by('RayCluster', 'a'), 'b'))
  t.equal(owners.ownerOf(made('Pod', by('RayCluster', 'a')), 'v1').kind, 'RayCluster')
})
