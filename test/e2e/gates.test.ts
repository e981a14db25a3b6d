// Pods that may be placed later than they are made, or elsewhere than they could be: scheduling gates, and tolerations that are
// added to a pod that waits. Real scheduler; n1 has room for four pods of 600, n2 is tainted and has room for as many.
import t from 'tap'
import { boundPods } from './support/bound-pods.ts'
import { startControlPlane } from './support/control-plane.ts'
import { addNode } from './support/fleet.ts'
import { installApart, startReadingReplica, untilAllPodsSeen } from './support/install-apart.ts'
import type { KubectlResult } from './support/kubectl.ts'
import { restricted, someRequests } from './support/objects.ts'
import { knowsMatchConditions, knowsSchedulingGates } from './support/served.ts'
import { until, untilIs } from './support/wait.ts'

const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  headroom: {floor: 10%, maxAge: 20s}
`
/** Of 3000 less the floor of 300 and what runs. */
const room = 4
const kubepods = { limit: 3000, inUse: 100 }
const gates = [{ name: 'example.com/quota' }]
const toleration = { key: 'dedicated', operator: 'Exists' }

const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
await plane.createNamespace('shop')
for (const name of ['n1', 'n2']) await addNode(t, plane, name, { ...kubepods })
await kubectl.ok(['taint', 'nodes', 'n2', 'dedicated=x:NoSchedule'])
const hasConditions = await knowsMatchConditions(api)
const hasGates = await knowsSchedulingGates(api)
const installation = await installApart(plane, ['n1', 'n2'], hasConditions ? ['match-conditions'] : [])
installation.writePolicy(policy)
await installation.scale(1)
const replica = await startReadingReplica(plane, installation, 2)

function create(name: string, spec: object = {}): Promise<KubectlResult> {
  const container = { name: 'app', image: 'example.com/app:1', resources: someRequests }
  const metadata = { name, namespace: 'shop', annotations: { 'pidguard.io/pids': '600' } }
  return kubectl.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: restricted([container], spec) })
}

function patch(name: string, operations: readonly object[]): Promise<KubectlResult> {
  return kubectl.run(['patch', 'pod', name, '-n=shop', '--type=json', `--patch=${JSON.stringify(operations)}`])
}

function removeGates(name: string): Promise<KubectlResult> {
  return patch(name, [{ op: 'remove', path: '/spec/schedulingGates' }])
}

async function freeAboveFloor(node: string): Promise<number> {
  return (await replica.metric(`pidguard_node_free_pids{node="${node}",ceiling="kubepods"}`)) ?? Number.NaN
}

async function clear(): Promise<void> {
  await untilIs(
    'no pods',
    async () => {
      await kubectl.run(['delete', 'pods', '--all', '-n=shop', '--grace-period=0', '--force'])
      return (await api.list('pods', 'shop', '')).length
    },
    0
  )
  await untilAllPodsSeen(plane, replica)
}

const gated = {
  skip: !(hasGates && hasConditions) && `${plane.version.text} has no scheduling gates, or no match conditions`
}

void t.test('ten gated pods, room for four: all are admitted, and four get rid of their gate', gated, async (t) => {
  const names = Array.from({ length: 10 }, (_, i) => `gated-${i}`)
  for (const name of names) t.equal((await create(name, { schedulingGates: gates })).code, 0, name)
  const admitted: string[] = []
  for (const name of names) {
    const { code, stderr } = await removeGates(name)
    if (code === 0) admitted.push(name)
    else t.match(stderr, /validate\.pidguard\.io.*denied[\s\S]*pid-headroom/, `${name} waits`)
    t.ok((await freeAboveFloor('n1')) >= 0, 'never below the floor')
  }
  t.equal(admitted.length, room)
  await untilIs('as many on the node', async () => (await boundPods(api, 'shop')).length, room)
  t.strictSame((await boundPods(api, 'shop')).toSorted(), admitted.toSorted())
  t.ok((await freeAboveFloor('n1')) >= 0, 'never below the floor')

  const [gone = ''] = admitted
  await kubectl.ok(['delete', 'pod', gone, '-n=shop', '--grace-period=0', '--force'])
  const next = names.find((name) => !admitted.includes(name)) ?? ''
  await untilIs('another in its place', async () => (await removeGates(next)).code, 0)
  await untilIs('it on the node', async () => (await boundPods(api, 'shop')).includes(next), true)
})

void t.test('on a full node a gated pod is warned about and an ordinary one denied', gated, async (t) => {
  const later = await create('later', { schedulingGates: gates })
  t.equal(later.code, 0, later.stderr)
  t.match(later.stderr, /^Warning: .*pid-headroom/m)
  const now = await create('now')
  t.equal(now.code, 1)
  t.match(now.stderr, 'pid-headroom')
})

void t.test('no other update of a pod calls pidguard', gated, async (t) => {
  const reviews = () => replica.metric('pidguard_reviews_total')
  const before = await reviews()
  for (const name of ['later', ...(await boundPods(api, 'shop')).slice(0, 1)]) {
    await kubectl.ok(['label', 'pod', name, '-n=shop', 'team=shop'])
    await kubectl.ok(['annotate', 'pod', name, '-n=shop', 'example.com/note=x'])
  }
  const narrowed = await patch('later', [
    { op: 'add', path: '/spec/nodeSelector', value: { 'kubernetes.io/os': 'linux' } }
  ])
  t.equal(narrowed.code, 0, narrowed.stderr)
  t.equal(await reviews(), before)
})

void t.test('a toleration added to pods that wait gives them another node, and makes room on the first', async (t) => {
  await clear()
  const names = Array.from({ length: room }, (_, i) => `waiting-${i}`)
  for (const name of names) t.equal((await create(name, { schedulerName: 'nobody' })).code, 0, name)
  const fifth = await create('fifth')
  t.equal(fifth.code, 1, 'it has no room beside them')
  t.match(fifth.stderr, 'pid-headroom')
  for (const name of names) {
    const { code, stderr } = await patch(name, [{ op: 'add', path: '/spec/tolerations/-', value: toleration }])
    t.equal(code, 0, stderr)
  }
  const admitted = await until('room for the fifth', async () => {
    const answer = await create('fifth')
    return answer.code === 0 && answer
  })
  t.equal(admitted.code, 0)
  await untilIs('it on n1', async () => String(await boundPods(api, 'shop')), 'fifth')
})

void t.test('no call of a webhook failed', async (t) => {
  t.notMatch(plane.log('kube-apiserver'), /failed calling webhook/i)
})
