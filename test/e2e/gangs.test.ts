// Pods that are of use only together, and a Job whose pods another cluster makes. Real scheduler; n1 has room for seven pods of 600.
import t from 'tap'
import { boundPods } from './support/bound-pods.ts'
import { startControlPlane } from './support/control-plane.ts'
import { addNode } from './support/fleet.ts'
import { installApart, startReadingReplica, untilAllPodsSeen } from './support/install-apart.ts'
import type { KubectlResult } from './support/kubectl.ts'
import { restricted, someRequests } from './support/objects.ts'
import { findServed } from './support/served.ts'
import { until, untilIs } from './support/wait.ts'

const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  headroom: {floor: 10%, maxAge: 20s}
`
/** Room for seven pods of 600: of 5000 less the floor of 500 and what runs. */
const kubepods = { limit: 5000, inUse: 100 }
const six = Array.from({ length: 6 }, (_, i) => i)
const container = { name: 'app', image: 'example.com/app:1', resources: someRequests }
const annotations = { 'pidguard.io/pids': '600' }

const plane = await startControlPlane({ controllers: true, scheduler: true, features: ['gangs'] })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
await plane.createNamespace('shop')
await addNode(t, plane, 'n1', { ...kubepods })
const version = await findServed(api, 'scheduling.k8s.io', 'podgroups')
const installation = await installApart(plane, ['n1'], [])
installation.writePolicy(policy)
await installation.scale(1)
const replica = await startReadingReplica(plane, installation, 1)

function create(name: string, spec: object = {}): Promise<KubectlResult> {
  const metadata = { name, namespace: 'shop', annotations }
  return kubectl.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: restricted([container], spec) })
}

function member(gang: string, i: number): Promise<KubectlResult> {
  return create(`${gang}-${i}`, { schedulingGroup: { podGroupName: gang } })
}

/** Returns when pidguard knows as many groups. */
async function group(name: string, minCount: number, known: number): Promise<void> {
  const metadata = { name, namespace: 'shop' }
  const made = { apiVersion: version, kind: 'PodGroup', metadata, spec: { schedulingPolicy: { gang: { minCount } } } }
  await kubectl.ok(['create', '--filename=-'], JSON.stringify(made))
  const metric = 'pidguard_cache_objects{resource="podgroups.scheduling.k8s.io"}'
  await untilIs('the group known', () => replica.metric(metric), known)
}

/** The names of pods that have a node. */
const bound = async (): Promise<string> => (await boundPods(api, 'shop')).join()

const gangs = { skip: version === undefined && `${plane.version.text} has no PodGroup` }

void t.test(
  'a Job is warned about with how many of its pods fit; one that another controller manages is not',
  async (t) => {
    const template = { metadata: { annotations }, spec: { ...restricted([container]), restartPolicy: 'Never' } }
    const job = (name: string, more: object) =>
      kubectl.create(
        {
          apiVersion: 'batch/v1',
          kind: 'Job',
          metadata: { name, namespace: 'shop' },
          spec: { parallelism: 40, completions: 40, template, ...more }
        },
        '--dry-run=server',
        // kubectl would refuse a field that an older server does not know.
        '--validate=false'
      )
    const warning = /40 pods of 600, room for 7/
    const ours = await job('ours', {})
    t.match([ours.code, ours.stderr], [0, warning])
    const elsewhere = await job('elsewhere', { managedBy: 'kueue.x-k8s.io/multikueue' })
    t.equal(elsewhere.code, 0, elsewhere.stderr)
    // A server that does not know the field drops it, and makes the pods.
    if (plane.version.minor >= 32) t.notMatch(elsewhere.stderr, warning)
  }
)

void t.test(
  'eight of use only together, room for seven: none is admitted, and an ordinary pod is',
  gangs,
  async (t) => {
    await group('large', 8, 1)
    for (let i = 0; i < 8; i++) {
      const { code, stderr } = await member('large', i)
      t.match([code, stderr], [1, /8 pods of 600, room for 7; .*; the group large needs them at once/])
    }
    t.equal((await create('alone')).code, 0)
    await untilIs('it on the node', bound, 'alone')
  }
)

void t.test('two gangs at once, room for one: one runs, the other waits for its room', gangs, async (t) => {
  await group('first', 6, 2)
  await group('second', 6, 3)
  for (const i of six) {
    const mine = await member('first', i)
    t.equal(mine.code, 0, mine.stderr)
    const other = await member('second', i)
    t.match([other.code, other.stderr], [1, /6 pods of 600, room for 0/])
  }
  const names = six.map((i) => `first-${i}`)
  await untilIs('all of the first on the node', bound, ['alone', ...names].join())
  await kubectl.ok(['delete', 'pod', ...names, '-n=shop', '--grace-period=0', '--force'])
  const begun = await until('room for the second', async () => {
    const answer = await member('second', 0)
    return answer.code === 0 && answer
  })
  t.equal(begun.code, 0)
  for (const i of six.slice(1)) t.equal((await member('second', i)).code, 0)
  await untilIs('all of the second on the node', bound, ['alone', ...six.map((i) => `second-${i}`)].join())
})

void t.test('half of a gang holds no room', gangs, async (t) => {
  await kubectl.ok(['delete', 'pods', '--all', '-n=shop', '--grace-period=0', '--force'])
  await untilAllPodsSeen(plane, replica)
  await group('half', 7, 4)
  for (const i of [0, 1, 2]) t.equal((await member('half', i)).code, 0)
  t.equal((await create('beside')).code, 1, 'room is kept for the rest')
  const admitted = await until('an ordinary pod in its place', async () => {
    const answer = await create('beside')
    return answer.code === 0 && answer
  })
  t.equal(admitted.code, 0)
  await untilIs('it on the node', bound, 'beside')
  t.match((await member('half', 3)).stderr, /4 pods of 600, room for 3; .*the group half needs 7 pods at once/)
})

void t.test('a pod of a group that is not there yet is warned about', gangs, async (t) => {
  const { code, stderr } = await member('later', 0)
  t.match([code, stderr], [0, /^Warning: .*size of the pod group not known/m])
})

void t.test('no call of a webhook failed', async (t) => {
  t.notMatch(plane.log('kube-apiserver'), /failed calling webhook/i)
})
