import t from 'tap'
import type { ObjectMeta } from '../../src/kubernetes/types.ts'
import {
  controllerOf,
  groupKindOf,
  groupOf,
  nameOf,
  podAt,
  podKinds,
  templateKinds,
  templateOf,
  workloadOf
} from '../../src/kubernetes/workloads.ts'

void t.test('each workload kind keeps its pod where Kubernetes does', async (t) => {
  const cases: [string, string, string | undefined][] = [
    ['', 'Pod', ''],
    ['apps', 'Deployment', '/spec/template'],
    ['apps', 'StatefulSet', '/spec/template'],
    ['apps', 'DaemonSet', '/spec/template'],
    ['apps', 'ReplicaSet', '/spec/template'],
    ['', 'ReplicationController', '/spec/template'],
    ['batch', 'Job', '/spec/template'],
    ['batch', 'CronJob', '/spec/jobTemplate/spec/template'],
    ['', 'ConfigMap', undefined],
    ['extensions', 'Deployment', undefined],
    ['', 'constructor', undefined],
    ['', '__proto__', undefined]
  ]
  for (const [group, kind, at] of cases) t.equal(podAt(groupKindOf(group, kind)), at, `${group}/${kind}`)
  t.equal(podAt('__proto__'), undefined)
  t.equal(podKinds.length, 8)
  t.strictSame(templateKinds, podKinds.slice(1))
})

void t.test('the group is what stands before the slash, and the core group is empty', async (t) => {
  t.equal(groupOf('apps/v1'), 'apps')
  t.equal(groupOf('v1'), '')
  t.equal(groupOf(''), '')
})

const owner = (change: object): ObjectMeta => ({
  name: 'pod-1',
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f', controller: true, ...change }]
})

void t.test('only an owner that says so is the controller', async (t) => {
  t.strictSame(controllerOf(owner({})), { kind: 'ReplicaSet', name: 'web-5d4f', group: 'apps' })
  t.equal(controllerOf(owner({ controller: false })), undefined)
  t.equal(controllerOf(owner({ controller: null })), undefined)
  t.equal(controllerOf({ ownerReferences: [] }), undefined)
  t.equal(controllerOf({ ownerReferences: null }), undefined)
  t.equal(controllerOf(undefined), undefined)
  const second = { ...owner({}).ownerReferences?.[0], name: 'second' }
  const both = { ownerReferences: [{ ...second, controller: null, name: 'first' }, second] } as ObjectMeta
  t.equal(controllerOf(both)?.name, 'second')
})

void t.test('a pod is known by the workload people wrote', async (t) => {
  const cases: { name: string; metadata: ObjectMeta | undefined; want: object }[] = [
    { name: 'nobody’s pod', metadata: { name: 'web' }, want: { kind: 'Pod', name: 'web' } },
    { name: 'nothing known', metadata: undefined, want: { kind: 'Pod', name: '' } },
    {
      name: 'a Deployment’s',
      metadata: { ...owner({}), labels: { 'pod-template-hash': '5d4f' } },
      want: { kind: 'Deployment', name: 'web' }
    },
    {
      name: 'a ReplicaSet somebody wrote',
      metadata: owner({ name: 'web' }),
      want: { kind: 'ReplicaSet', name: 'web' }
    },
    {
      name: 'a hash that is not the name’s end',
      metadata: { ...owner({}), labels: { 'pod-template-hash': 'ffff' } },
      want: { kind: 'ReplicaSet', name: 'web-5d4f' }
    },
    {
      name: 'a CronJob’s, minutes since the epoch',
      metadata: owner({ kind: 'Job', name: 'backup-29012345' }),
      want: { kind: 'CronJob', name: 'backup' }
    },
    {
      name: 'a CronJob’s, seconds since the epoch',
      metadata: owner({ kind: 'Job', name: 'backup-1740740700' }),
      want: { kind: 'CronJob', name: 'backup' }
    },
    {
      name: 'seven digits are no time',
      metadata: owner({ kind: 'Job', name: 'backup-2901234' }),
      want: { kind: 'Job', name: 'backup-2901234' }
    },
    {
      name: 'eleven digits are no time',
      metadata: owner({ kind: 'Job', name: 'backup-17407407000' }),
      want: { kind: 'Job', name: 'backup-17407407000' }
    },
    {
      name: 'a DaemonSet’s',
      metadata: owner({ kind: 'DaemonSet', name: 'log' }),
      want: { kind: 'DaemonSet', name: 'log' }
    }
  ]
  t.strictSame(
    workloadOf({
      name: 'kube-apiserver-cp1',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'cp1', controller: true }]
    } as never),
    { kind: 'Pod', name: 'kube-apiserver-cp1' },
    'a static pod is known by its own name, not by its Node'
  )
  for (const { name, metadata, want } of cases) t.strictSame(workloadOf(metadata), want, name)
})

void t.test('a number at the end of a Job is a scheduled time only from 2015 to 2100', async (t) => {
  const cases: readonly (readonly [number: string, isTime: boolean, what: string])[] = [
    ['20241115', false, 'a day'],
    ['23667839', false, 'a minute before 2015'],
    ['23667840', true, '2015'],
    ['68374080', true, '2100'],
    ['68374081', false, 'a minute after it'],
    ['1420070340', false, 'a minute before 2015, in seconds'],
    ['1420070400', true, '2015, in seconds'],
    ['4102444800', true, '2100, in seconds'],
    ['4102444860', false, 'a minute after it, in seconds'],
    ['1740740701', false, 'no whole minute'],
    ['2024111512', false, 'a day and an hour'],
    ['029012345', false, 'nine digits'],
    ['0029012345', false, 'minutes with zeros']
  ]
  for (const [number, isTime, what] of cases) {
    const want = isTime ? { kind: 'CronJob', name: 'shop' } : { kind: 'Job', name: `shop-${number}` }
    t.strictSame(workloadOf(owner({ kind: 'Job', name: `shop-${number}` })), want, what)
  }
})

void t.test('a generated name is shown by its prefix', async (t) => {
  t.equal(nameOf({ name: 'web', generateName: 'web-' }), 'web')
  t.equal(nameOf({ generateName: 'web-' }), 'web-*')
  t.equal(nameOf({ name: '', generateName: '' }), '')
  t.equal(nameOf(null), '')
})

t.test('the hash of the template a pod was made from', async (t) => {
  t.equal(templateOf({ labels: { 'pod-template-hash': 'abc', 'controller-revision-hash': 'web-1' } }), 'abc')
  t.equal(templateOf({ labels: { 'controller-revision-hash': 'web-1' } }), 'web-1')
  for (const metadata of [undefined, null, {}, { labels: { 'pod-template-hash': '' } }])
    t.equal(templateOf(metadata), undefined)
})
