import { join } from 'node:path'
import t from 'tap'
import { buildClusterCaches } from '../../src/kube/cache/cluster-caches.ts'
import { collectCluster } from '../../src/kube/cache/list-cluster.ts'
import { type KubeApi, KubeClient } from '../../src/kube/client.ts'
import { findCredentials } from '../../src/kube/credentials.ts'
import { serverVersionOnce } from '../../src/kube/server-version-reader.ts'
import { startElection } from '../../src/leader/leader-election.ts'
import { memoryLog, systemClock } from '../support/fake-api.ts'
import { startControlPlane } from './support/control-plane.ts'
import { pod, someRequests } from './support/objects.ts'
import { until } from './support/wait.ts'

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const credentials = await findCredentials({
  kubeconfig: join(plane.folder, 'kubeconfig'),
  context: undefined,
  env: {},
  clock: systemClock
})
const client = new KubeClient(credentials)
t.teardown(() => client.close())
const serverVersion = serverVersionOnce(client)
const asked: string[] = []
const api: KubeApi = {
  open(path, options) {
    asked.push(`${path} ${Object.keys(options?.query ?? {}).join()}`)
    return client.open(path, options)
  },
  call: (path, options) => client.call(path, options)
}
const deps = { api, clock: systemClock, log: memoryLog(), random: Math.random, serverVersion }

await plane.createNamespace('shop', { team: 'a' })
for (let n = 0; n < 30; n++) {
  await plane.api.post('/api/v1/namespaces/shop/pods', pod({ name: `web-${n}`, namespace: 'shop' }, someRequests))
}

const told: string[] = []
const caches = buildClusterCaches(deps, {
  pods: [
    {
      changed: (value, previous) => told.push(`${previous === undefined ? '+' : '~'}${value.name}`),
      removed: (value) => told.push(`-${value.name}`)
    }
  ]
})
t.teardown(() => caches.stop())
caches.start()
await until('synced', () => caches.synced)

void t.test('the caches hold what the API server has', async (t) => {
  t.equal(caches.pods.size, 30)
  t.match(caches.namespaces.get('shop'), { labels: { team: 'a' } })
  t.equal(caches.namespaces.get('none'), undefined)
  t.strictSame(caches.limitRanges('shop'), [])
  t.equal(caches.limitRanges('none'), undefined, 'of a namespace not seen yet nothing is known')
  t.equal(caches.nodes.size, 0)
})

void t.test('pods came as the first events of a watch where the API server offers that, else in pages', async (t) => {
  const ofPods = asked.filter((each) => each.startsWith('/api/v1/pods '))
  const { minor } = plane.version
  // From v1.27 to v1.33 it depends on a feature gate.
  if (minor >= 34) t.match(ofPods, [/sendInitialEvents/])
  else t.ok(ofPods.some((each) => each.includes('limit')))
  if (minor < 27) t.notMatch(ofPods.join(), /sendInitialEvents/)
})

void t.test('what changes is seen within moments', async (t) => {
  told.length = 0
  await plane.api.post('/api/v1/nodes', {
    metadata: { name: 'node-a', labels: { zone: 'a' } },
    spec: { unschedulable: true }
  })
  await until('the node', () => caches.nodes.get('node-a'))
  t.match(caches.nodes.get('node-a'), { labels: { zone: 'a' }, unschedulable: true, pidPressure: undefined })
  await plane.api.post('/api/v1/namespaces/shop/pods/web-1/binding', {
    metadata: { name: 'web-1' },
    target: { kind: 'Node', name: 'node-a' }
  })
  await until('the binding', () => told.includes('~web-1'))
  t.match(
    [...caches.pods.values()].find(({ name }) => name === 'web-1'),
    { node: 'node-a', phase: 'Pending', deleting: false }
  )
  await plane.kubectl.run(['-n', 'shop', 'delete', 'pod', 'web-2', '--grace-period=0', '--force'])
  await until('the deletion', () => told.includes('-web-2'))
  await plane.api.post('/api/v1/namespaces/shop/limitranges', {
    metadata: { name: 'defaults' },
    spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '10m' } }] }
  })
  await until('the limits', () => (caches.limitRanges('shop')?.length ?? 0) > 0)
  t.match(caches.limitRanges('shop'), [{ type: 'Container', defaultRequest: { cpu: '10m' } }])
})

void t.test('everything read once is the same as what the caches hold', async (t) => {
  const collected = await collectCluster(client, new AbortController().signal)
  t.equal(collected.pods.length, caches.pods.size)
  t.strictSame(collected.nodes, [...caches.nodes.values()])
  t.ok(collected.limitRanges.has('shop'))
})

void t.test('a Lease of the real API server elects one leader, and hands over at once', async (t) => {
  const join = (identity: string) =>
    startElection({
      api: client,
      namespace: 'shop',
      name: 'pidguard',
      identity,
      clock: systemClock,
      log: memoryLog(),
      random: Math.random,
      times: { duration: 15_000, renewDeadline: 10_000, retry: 1_000 },
      onLead() {}
    })
  const a = join('a')
  await until('a leads', () => a.leading)
  const b = join('b')
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  t.ok(a.leading && !b.leading)
  await a.stop()
  await until('b leads', () => b.leading)
  await b.stop()
  const lease = await client.call<{ spec: object }>('/apis/coordination.k8s.io/v1/namespaces/shop/leases/pidguard')
  t.match(lease.spec, { holderIdentity: '', leaseTransitions: 1 })
})

void t.test('a wrong token is told as such', async (t) => {
  const wrong = new KubeClient({
    ...credentials,
    next: async () => ({ ...(await credentials.next()), headers: { authorization: 'Bearer wrong' } }),
    server: credentials.server,
    namespace: undefined,
    renew() {}
  })
  t.match(await wrong.call('/api/v1/nodes').catch((error) => error), { failure: 'unauthorized', status: 401 })
  await wrong.close()
})
