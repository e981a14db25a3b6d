// The taint with the real scheduler: of three nodes one is low, the one the scheduler likes best.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { install, patience, type Replica, type Running } from './support/installation.ts'
import { addNode, keepAlive } from './support/nodes.ts'
import { restricted, type StoredObject, someRequests } from './support/objects.ts'
import { until, untilIs } from './support/wait.ts'

const second = 1_000
const taint = 'pidguard.io/low-pids'

const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
await addNode(plane, 'node-a', { disk: 'fast' })
for (const name of ['node-b', 'node-c']) await addNode(plane, name)
await keepAlive(plane, ['node-a', 'node-b', 'node-c'])
await kubectl.ok(['taint', 'nodes', 'node-c', 'example.com/prefer-not=yes:PreferNoSchedule'])

const installation = await install(plane, 'default', ['bindings', 'node-taints'], patience)
const snapshot = join(plane.folder, 'snapshot.yaml')
const policyWith = (taintNodes: boolean): void =>
  installation.writePolicy(`
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  pids: {estimate: 50}
  headroom: {floor: 10%, maxAge: 60s, taintNodes: ${taintNodes}, maxTaintedShare: 25%}
`)

/** What the nodes say from now on: tasks in use, of 10,000 that kubepods may hold. null: nothing any more. */
function nodesSay(inUse: Readonly<Record<string, number | null>>): void {
  const at = new Date().toISOString()
  const nodes = Object.entries(inUse).map(([name, count]) => ({
    name,
    ...(count === null
      ? {}
      : { reading: { at, host: { limit: 32_768, inUse: 2_000 }, kubepods: { limit: 10_000, inUse: count } } })
  }))
  writeFileSync(
    `${snapshot}.new`,
    JSON.stringify({ apiVersion: 'pidguard.io/v1alpha1', kind: 'NodeSnapshot', takenAt: at, nodes })
  )
  renameSync(`${snapshot}.new`, snapshot)
}

interface StoredNode extends StoredObject {
  readonly spec: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] }
}

async function taintedNodes(): Promise<string[]> {
  const { items } = JSON.parse(await kubectl.ok(['get', 'nodes', '--output=json'])) as { items: StoredNode[] }
  return items
    .filter(({ spec }) => spec.taints?.some(({ key, effect }) => key === taint && effect === 'NoSchedule'))
    .map(({ metadata }) => metadata.name)
}

async function untilTainted(...names: string[]): Promise<void> {
  await until(`tainted: ${names.join(', ') || 'none'}`, async () => String(await taintedNodes()) === String(names))
}

interface Placed extends StoredObject {
  readonly spec: { readonly nodeName?: string }
}

/** Preferring excludes no node; it makes the scheduler choose the same one first, again and again. */
const affinity = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 100, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['fast'] }] } }
    ]
  }
}

/** Pods of so many tasks each; `app` names them. */
async function deploy(app: string, pids = 20, replicas = 12): Promise<void> {
  const labels = { app }
  const template = {
    metadata: { labels, annotations: { 'pidguard.io/pids': String(pids) } },
    spec: restricted([{ name: 'app', image: 'example.com/app:1', resources: someRequests }], { affinity })
  }
  await kubectl.ok(
    ['create', '--filename=-'],
    JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: app, namespace: 'shop' },
      spec: { replicas, selector: { matchLabels: labels }, template }
    })
  )
}

/** How many of its pods are on which node; '' for on none. */
async function placesOf(app: string): Promise<Record<string, number>> {
  const pods = await api.list<Placed>('pods', 'shop', `labelSelector=app=${app}`)
  const places: Record<string, number> = {}
  for (const { spec } of pods) places[spec.nodeName ?? ''] = (places[spec.nodeName ?? ''] ?? 0) + 1
  return places
}

interface StoredEvent {
  readonly reason: string
  readonly message: string
  readonly count?: number
  readonly involvedObject: { readonly name: string }
}

function eventsOf(app: string): Promise<StoredEvent[]> {
  return api
    .list<StoredEvent>('events', 'shop', 'fieldSelector=reason=FailedScheduling')
    .then((events) => events.filter(({ involvedObject }) => involvedObject.name.startsWith(`${app}-`)))
}

/** Returns how long it took, in milliseconds. */
async function allBound(app: string, replicas = 12): Promise<number> {
  const from = Date.now()
  await until(`all pods of ${app} on nodes`, async () => {
    const places = await placesOf(app)
    return places[''] === undefined && Object.values(places).reduce((sum, count) => sum + count, 0) === replicas
  })
  return Date.now() - from
}

/** Nobody runs the pods here, so nobody would end them either. */
async function clear(namespace: string): Promise<void> {
  await kubectl.ok(['scale', 'deployments', '--all', '--replicas=0', `--namespace=${namespace}`])
  await until('no pods', async () => {
    await kubectl.run(['delete', 'pods', '--all', `--namespace=${namespace}`, '--grace-period=0', '--force'])
    return (await api.list<Placed>('pods', namespace, '')).length === 0
  })
}

const wide = { 'node-a': 1000, 'node-b': 1000, 'node-c': 1000 }
nodesSay(wide)
policyWith(false)
const replicas: Replica[] = []
const controllers: Running[] = []
/** One of each. */
async function start(): Promise<void> {
  const readings = ['--readings=snapshot', `--snapshot=${snapshot}`, '--readings-interval=1s']
  controllers.push(
    await installation.startController(...readings, `--guard=https://localhost:${installation.guardPort}`)
  )
  const replica = await installation.start(...readings)
  replicas.push(replica)
  await replica.ready()
}
await start()
await start()
const guard = await installation.startGuard('--readings=snapshot', `--snapshot=${snapshot}`)
await guard.ready()

function leader(): Running {
  const found = controllers.find((each) => each.logLines().some(({ msg }) => msg === 'leading'))
  if (found === undefined) throw new Error('expected a controller that leads')
  return found
}

/** Returns when every replica has read that the pods of node-a hold so many tasks. */
async function untilRead(inUse: number): Promise<void> {
  const name = 'pidguard_node_pids{node="node-a",ceiling="kubepods"}'
  for (const replica of replicas) {
    await untilIs(`${inUse} tasks on node-a`, () => replica.metric(name), inUse)
  }
}

void t.test(
  'without the taint the binding check holds the low node, the scheduler tries it again, and events say why',
  async (t) => {
    // A binding leaves a quarter of the floor: 250. A pod needs 20.
    nodesSay({ ...wide, 'node-a': 9740 })
    await untilRead(9740)
    await deploy('held')
    const events = await until('events of the refusal', async () => {
      const found = (await eventsOf('held')).filter(({ message }) => message.includes('pid-binding'))
      return found.length >= 6 && found
    })
    t.match(
      events[0]?.message,
      /node-a has 0 PIDs free under kubepods, \d+ short of its floor: limit 10000, floor 250, committed \d+, in use 9740/
    )
    await sleep(10 * second)
    const places = await placesOf('held')
    t.comment(JSON.stringify(places))
    t.equal(places['node-a'], undefined, 'nothing lands on the low node')
    t.ok((places[''] ?? 0) > 0, 'and some are tried there again and again')
  }
)

void t.test('the switch is turned on: those that were stuck land elsewhere within seconds', async (t) => {
  policyWith(true)
  await untilTainted('node-a')
  const took = await allBound('held')
  t.comment(`${took} ms after the taint`)
  t.equal((await placesOf('held'))['node-a'], undefined)
})

void t.test('with the taint new pods land on the others at once, and none is refused at its binding', async (t) => {
  await deploy('smooth')
  const took = await allBound('smooth')
  t.comment(`${took} ms`)
  t.ok(took < 10 * second)
  t.equal((await placesOf('smooth'))['node-a'], undefined)
  t.strictSame(await eventsOf('smooth'), [])
})

void t.test('the leader is connected to the one writer, by the certificate that the controller has made', async () => {
  await leader().logged('connected to the guard')
})

void t.test('the node says why, and the taints of others are left alone', async (t) => {
  const said = await kubectl.ok(['describe', 'node', 'node-a'])
  t.match(said, /Taints: +pidguard\.io\/low-pids:NoSchedule/)
  t.match(
    said,
    /LowPids +\S+ +pidguard +node-a has 0 PIDs free under kubepods, \d+ short of its floor: limit 10000, floor 1000/
  )
  const other = await kubectl.ok(['get', 'node', 'node-c', '--output=jsonpath={.spec.taints[*].key}'])
  t.equal(other, 'example.com/prefer-not')
})

void t.test('the leader goes, another leads: the taint stays where it is', async (t) => {
  const gone = leader()
  controllers.splice(controllers.indexOf(gone), 1)
  await gone.stop()
  await controllers[0]?.logged('leading')
  await controllers[0]?.logged('connected to the guard')
  await sleep(5 * second)
  t.strictSame(await taintedNodes(), ['node-a'])
})

void t.test('headroom returns and the taint goes; a node that goes silent is not tainted', async (t) => {
  nodesSay({ ...wide, 'node-b': null })
  await untilTainted()
  // It is said after it is done.
  t.ok(
    await until('the event', async () => (await kubectl.ok(['describe', 'node', 'node-a'])).includes('PidsRecovered'))
  )
})

void t.test('a pod that is too large for a node with room for others is not tried there for ever', async (t) => {
  await clear('shop')
  nodesSay({ ...wide, 'node-a': 6000 })
  await untilRead(6000)
  await sleep(3 * second)
  t.strictSame(await taintedNodes(), [])
  await deploy('large', 4000, 1)
  const took = await allBound('large', 1)
  t.comment(`${took} ms`)
  const events = await eventsOf('large')
  t.ok(
    events.some(({ message }) => message.includes('pid-binding')),
    'it was tried there'
  )
  await until('the taint for a pod of that size', () =>
    controllers.some((controller) =>
      controller.logLines().some(({ msg, need }) => msg.startsWith('node tainted') && need === 4000)
    )
  )
  t.equal((await placesOf('large'))['node-a'], undefined)
  await untilTainted()
})

void t.test('a fleet that is low everywhere is not tainted shut', async (t) => {
  nodesSay({ 'node-a': 9500, 'node-b': 9700, 'node-c': 9600 })
  await untilTainted('node-b')
  await sleep(6 * second)
  t.strictSame(await taintedNodes(), ['node-b'], 'the worst, and no other')
})

void t.test('switched off, every taint goes', async (t) => {
  policyWith(false)
  await untilTainted()
  t.pass('none is left')
})

void t.test('without the rights of the component it says which one is missing, once', async (t) => {
  await kubectl.ok(['delete', 'clusterrolebinding', 'pidguard-node-taints'])
  policyWith(true)
  await controllers[0]?.logged('taint not written')
  await sleep(5 * second)
  const lines = controllers[0]?.logLines().filter(({ msg }) => msg === 'taint not written') ?? []
  t.equal(lines.length, 1)
  t.match(lines[0], { failure: 'forbidden', hint: /components\/node-taints/ })
  await installation.apply()
  policyWith(true)
  await untilTainted('node-b')
})

void t.test('uninstalled, one command takes away what is left of it', async (t) => {
  await Promise.all([...replicas, ...controllers].map((each) => each.stop()))
  await clear('pidguard-system')
  await kubectl.ok(['delete', '--kustomize', installation.place(), '--timeout=300s'])
  t.strictSame(await taintedNodes(), ['node-b'])
  const { code, stderr } = await kubectl.run(['taint', 'nodes', '--all', `${taint}:NoSchedule-`])
  t.comment(code, stderr)
  t.strictSame(await taintedNodes(), [])
  const kinds = 'clusterroles,clusterrolebindings,roles,rolebindings'
  const left = await kubectl.ok(['get', kinds, '--all-namespaces', '--output=name'])
  t.notMatch(left, /pidguard/)
})
