import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { startControlPlane } from './support/control-plane.ts'
import { caBundles, install, patience, secretData } from './support/installation.ts'
import type { KubectlResult } from './support/kubectl.ts'
import { addLivingNodes } from './support/nodes.ts'
import type { StoredObject } from './support/objects.ts'
import { runPods } from './support/pod-runner.ts'
import { newestServed } from './support/served.ts'
import { startTraffic } from './support/traffic.ts'
import { until } from './support/wait.ts'

const second = 1_000
const nodes = ['node-a', 'node-b', 'node-c']
const ours = '-n=pidguard-system'
// Manifests of an earlier version, with one process for all, and of now; as long as there is no release, the program is that of
// now in both, and its controller stands for the leader of before. The Deployments' own controllers and the real scheduler; what kubelets do is done by runPods.
const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl } = plane
await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
await addLivingNodes(plane, nodes)
const installation = await install(plane, 'earlier', [], patience)
// Evictions come in the same versions as what they are held to.
const evictions = await newestServed(plane.api, 'policy', 'poddisruptionbudgets')
const pods = runPods(plane, installation)
const leaderOfBefore = await installation.startEarlierLeader()

async function rolledOut(): Promise<void> {
  await kubectl.ok(['rollout', 'status', 'deployment/pidguard', ours, '--timeout=300s'])
  await until('three replicas', () => pods.nodes().length === 3)
}

async function replicaOn(node: string): Promise<string | undefined> {
  const query = `fieldSelector=spec.nodeName=${node}&labelSelector=app.kubernetes.io/name=pidguard`
  const replicas = await plane.api.list<StoredObject>('pods', 'pidguard-system', query)
  return replicas.find(({ metadata }) => !('deletionTimestamp' in metadata))?.metadata.name
}

function evicted(name: string): Promise<KubectlResult> {
  const path = `/api/v1/namespaces/pidguard-system/pods/${name}/eviction`
  const eviction = { apiVersion: evictions, kind: 'Eviction', metadata: { name, namespace: 'pidguard-system' } }
  return kubectl.run(['create', `--raw=${path}`, '--filename=-'], JSON.stringify(eviction))
}

/** One replica on each node: a rollout may have put two beside each other, since the Deployment only prefers not to. */
async function spread(): Promise<void> {
  for (const empty of nodes) {
    if (pods.nodes().includes(empty)) continue
    const crowded = nodes.find((node) => pods.nodes().filter((name) => name === node).length > 1) ?? ''
    const others = nodes.filter((node) => node !== empty)
    await kubectl.ok(['cordon', ...others])
    await kubectl.ok(['delete', 'pod', (await replicaOn(crowded)) ?? '', '-n=pidguard-system', '--wait=false'])
    await until(`a replica on ${empty}`, () => pods.nodes().includes(empty))
    await kubectl.ok(['uncordon', ...others])
  }
  await until('one on each node', () => pods.nodes().toSorted().join() === nodes.join())
}

/** What a user wrote, and defaults; not what the cluster notes down, and not what the leader writes. */
const noted = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'selfLink']
async function installed(): Promise<Map<string, unknown>> {
  const text = await kubectl.ok(['get', '--kustomize', installation.place('strict'), '--output=json'])
  const { items }: { items: JsonRecord[] } = JSON.parse(text)
  const without = (name: string, value: unknown): unknown =>
    [...noted, 'status', 'caBundle', 'secrets', 'deployment.kubernetes.io/revision'].includes(name) ? undefined : value
  return new Map(
    items.map((item) => {
      const { kind, metadata } = item as { kind: string; metadata: { name: string } }
      return [`${kind}/${metadata.name}`, JSON.parse(JSON.stringify(item, without))]
    })
  )
}

void t.test('strict, upgraded under load from an earlier version: no call fails, none passes by', async (t) => {
  await rolledOut()
  await spread()
  // A field that the version of now does not know, as versions to come will have dropped some.
  const dropped = await kubectl.ok(['kustomize', installation.place('earlier')])
  await kubectl.ok(
    ['apply', '--filename=-'],
    dropped.replace('priorityClassName:', 'hostname: dropped\n      priorityClassName:')
  )
  const hostname = ['get', 'deployment/pidguard', '-n=pidguard-system', '-o=jsonpath={.spec.template.spec.hostname}']
  t.equal(await kubectl.ok(hostname), 'dropped')
  await rolledOut()
  const before = pods.templates()
  const traffic = startTraffic(plane, 'shop', 4)
  await sleep(second)
  pods.fewest()
  await installation.apply('strict')
  await rolledOut()
  await kubectl.ok(['rollout', 'status', 'deployment/pidguard-controller', ours, '--timeout=300s'])
  await sleep(second)
  const { calls, refused, missed } = await traffic.stop()
  t.comment(`${calls} calls`)
  t.strictSame(refused, [])
  t.equal(missed, 0)
  t.equal(pods.fewest(), 3, 'a new one is ready before an old one goes')
  t.notOk(
    pods.templates().some((template) => before.includes(template)),
    'all are new'
  )
})

void t.test('upgraded: the leader of before lost its rights, and a controller leads', async (t) => {
  await leaderOfBefore.logged('no longer leading')
  await leaderOfBefore.stop()
  const patch = JSON.stringify([{ op: 'replace', path: '/webhooks/1/clientConfig/caBundle', value: '' }])
  await kubectl.ok(['patch', 'mutatingwebhookconfiguration/pidguard', '--type=json', `--patch=${patch}`])
  const { 'ca.crt': authority } = await secretData(plane)
  await until('the caBundle', async () => (await caBundles(plane)).every((each) => each === authority))
  t.match(await kubectl.ok(['get', 'pdb', ours]), /^pidguard-controller +N\/A +1/m)
})

void t.test('two nodes drained at once, under load: one replica goes at a time, and no call fails', async (t) => {
  await spread()
  const traffic = startTraffic(plane, 'shop', 4)
  await sleep(second)
  pods.fewest()
  // As long as no node is left for a replacement, the second has to wait, however quick the machine is.
  await kubectl.ok(['cordon', 'node-c'])
  const drain = (node: string) => kubectl.run(['drain', node, '--timeout=300s', '--ignore-daemonsets'])
  const draining = Promise.all([drain('node-a'), drain('node-b')])
  await until('one replica gone', () => pods.nodes().length === 2)
  const refusal = await evicted((await replicaOn('node-c')) ?? '')
  t.match(refusal.stderr, /violate the pod's disruption budget/, 'one has to wait')
  await kubectl.ok(['uncordon', 'node-c'])
  const drained = await draining
  t.strictSame(
    drained.map(({ code }) => code),
    [0, 0],
    drained.map(({ stderr }) => stderr).join('\n')
  )
  await until('three replicas', () => pods.nodes().length === 3)
  await sleep(second)
  const { calls, refused, missed } = await traffic.stop()
  t.comment(`${calls} calls`)
  t.strictSame(refused, [])
  t.equal(missed, 0)
  t.equal(pods.fewest(), 2)
  t.strictSame(pods.nodes(), ['node-c', 'node-c', 'node-c'])
  for (const node of ['node-a', 'node-b']) await kubectl.ok(['uncordon', node])
})

void t.test('after the upgrade nothing of the earlier version is left', async (t) => {
  const upgraded = await installed()
  const traffic = startTraffic(plane, 'shop', 4)
  await kubectl.ok(['delete', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', 'pidguard'])
  await kubectl.ok(['delete', '--kustomize', installation.place('strict'), '--ignore-not-found', '--timeout=300s'])
  t.strictSame((await traffic.stop()).refused, [], 'strict, uninstalled under load: no call fails')
  await installation.apply('strict')
  const fresh = await installed()
  t.strictSame([...upgraded.keys()], [...fresh.keys()])
  for (const [name, object] of fresh) t.strictSame(upgraded.get(name), object, name)
  await rolledOut()
})
