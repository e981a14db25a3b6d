// Gangs of schedulers that Kubernetes does not bring along: scheduler-plugins, Volcano and Kueue. Their kinds are installed while
// pidguard runs; their pods say their group as each project has it. Real scheduler; n1 has room for seven pods of 600.
import t from 'tap'
import { boundPods } from './support/bound-pods.ts'
import { startControlPlane } from './support/control-plane.ts'
import { defineKinds } from './support/custom-kinds.ts'
import { addNode } from './support/fleet.ts'
import { installApart, startReadingReplica, untilAllPodsSeen } from './support/install-apart.ts'
import type { KubectlResult } from './support/kubectl.ts'
import { restricted, someRequests } from './support/objects.ts'
import { knowsMatchConditions, knowsSchedulingGates } from './support/served.ts'
import { untilIs } from './support/wait.ts'

const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  headroom: {floor: 10%, maxAge: 20s}
`
/** Room for seven pods of 600: of 5000 less the floor of 500 and what runs. */
const kubepods = { limit: 5000, inUse: 100 }
const container = { name: 'app', image: 'example.com/app:1', resources: someRequests }

interface Words {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
await plane.createNamespace('shop')
await addNode(t, plane, 'n1', { ...kubepods })
const hasGates = (await knowsMatchConditions(api)) && (await knowsSchedulingGates(api))
const installation = await installApart(plane, ['n1'], hasGates ? ['match-conditions'] : [])
installation.writePolicy(policy)
await installation.scale(1)
const replica = await startReadingReplica(plane, installation, 1)

function create(name: string, { labels = {}, annotations = {} }: Words, spec: object = {}): Promise<KubectlResult> {
  const metadata = { name, namespace: 'shop', labels, annotations: { 'pidguard.io/pids': '600', ...annotations } }
  return kubectl.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: restricted([container], spec) })
}

/** The names of pods that have a node. */
const bound = async (): Promise<string> => (await boundPods(api, 'shop')).join()

async function clear(): Promise<void> {
  await kubectl.ok(['delete', 'pods', '--all', '-n=shop', '--grace-period=0', '--force'])
  await untilAllPodsSeen(plane, replica)
}

function membersOf(gang: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${gang}-${i}`)
}

async function createGroup(apiVersion: string, name: string, minMember: number): Promise<void> {
  const group = { apiVersion, kind: 'PodGroup', metadata: { name, namespace: 'shop' }, spec: { minMember } }
  await untilIs(`a ${apiVersion} PodGroup`, async () => (await kubectl.create(group)).code, 0)
}

const installed = [
  {
    group: 'scheduling.x-k8s.io',
    version: 'v1alpha1',
    wordsOf: (gang: string): Words => ({ labels: { 'scheduling.x-k8s.io/pod-group': gang } })
  },
  {
    group: 'scheduling.volcano.sh',
    version: 'v1beta1',
    wordsOf: (gang: string): Words => ({ annotations: { 'scheduling.k8s.io/group-name': gang } })
  }
]

for (const { group, version, wordsOf } of installed) {
  void t.test(`PodGroup of ${group}, installed while pidguard runs`, async (t) => {
    t.teardown(clear)
    const unknown = await create('early', wordsOf('unheard-of'))
    t.match([unknown.code, unknown.stderr], [0, /^Warning: .*size of the pod group not known/m])
    await clear()
    await defineKinds(kubectl, [{ group, version, kind: 'PodGroup' }])
    await createGroup(`${group}/${version}`, 'eight', 8)
    await createGroup(`${group}/${version}`, 'six', 6)
    await untilIs(
      'the groups known',
      async () => {
        // A pod of a group that is not known brings about a look at what is served.
        await create('asks', wordsOf('eight'), { schedulerName: 'nobody' })
        await kubectl.run(['delete', 'pod', 'asks', '-n=shop', '--grace-period=0', '--force'])
        return replica.metric(`pidguard_cache_objects{resource="podgroups.${group}"}`)
      },
      2
    )
    await untilAllPodsSeen(plane, replica)
    for (const name of membersOf('eight', 8)) {
      const { code, stderr } = await create(name, wordsOf('eight'))
      t.match([code, stderr], [1, /8 pods of 600, room for 7; .*; the group eight needs them at once/])
    }
    t.equal((await create('alone', {})).code, 0, 'an ordinary pod that fits')
    for (const name of membersOf('six', 6)) {
      const { code, stderr } = await create(name, wordsOf('six'))
      t.equal(code, 0, stderr)
    }
    await untilIs('the gang and the pod on the node', bound, ['alone', ...membersOf('six', 6)].join())
  })
}

void t.test('Volcano says the size on the pod itself', async (t) => {
  t.teardown(clear)
  const wordsOf = (count: number): Words => ({
    annotations: {
      'scheduling.volcano.sh/group-name': `own-${count}`,
      'scheduling.volcano.sh/group-min-member': String(count)
    }
  })
  const { code, stderr } = await create('own-8-0', wordsOf(8))
  t.match([code, stderr], [1, /8 pods of 600, room for 7; .*; the group own-8 needs them at once/])
  for (const name of membersOf('own-6', 6)) t.equal((await create(name, wordsOf(6))).code, 0)
  await untilIs('the gang on the node', bound, membersOf('own-6', 6).join())
})

void t.test(
  'Kueue: a group is checked when its gates go, all of it or none',
  { skip: !hasGates && `${plane.version.text} has no scheduling gates or no matchConditions` },
  async (t) => {
    t.teardown(clear)
    const wordsOf = (count: number): Words => ({
      labels: { 'kueue.x-k8s.io/pod-group-name': `queued-${count}` },
      annotations: { 'kueue.x-k8s.io/pod-group-total-count': String(count) }
    })
    const removeGates = (name: string): Promise<KubectlResult> => {
      const patch = JSON.stringify([{ op: 'remove', path: '/spec/schedulingGates' }])
      return kubectl.run(['patch', 'pod', name, '-n=shop', '--type=json', `--patch=${patch}`])
    }
    for (const count of [8, 6]) {
      for (const name of membersOf(`queued-${count}`, count)) {
        const gates = { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] }
        const { code, stderr } = await create(name, wordsOf(count), gates)
        t.equal(code, 0, stderr)
      }
    }
    await untilAllPodsSeen(plane, replica)
    const refused = await removeGates('queued-8-0')
    t.match([refused.code, refused.stderr], [1, /needs 600; .*; the group queued-8 needs 8 pods at once/])
    for (const name of membersOf('queued-6', 6)) {
      const { code, stderr } = await removeGates(name)
      t.equal(code, 0, stderr)
    }
    await untilIs('the group of six on the node', bound, membersOf('queued-6', 6).join())
  }
)

void t.test('no call of a webhook failed', async (t) => {
  t.notMatch(plane.log('kube-apiserver'), /failed calling webhook/i)
})
