import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { caBundles, install, patience, type Replica, type Running } from './support/installation.ts'
import { carriesItsName } from './support/namespaces.ts'
import { backendsOf, calicoNode, pod, type StoredDaemonSet, someRequests } from './support/objects.ts'
import { newestServed } from './support/served.ts'
import { startTraffic } from './support/traffic.ts'
import { until, untilIs } from './support/wait.ts'

const second = 1_000
// With controllers: a namespace that is deleted really goes.
const plane = await startControlPlane({ controllers: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
const installation = await install(plane)
const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  calico: {iptablesBackend: NFT}
`
installation.writePolicy(policy)

type Answer = 'refused by pidguard' | 'admitted' | 'refused by the API server'
async function bestEffortPod(): Promise<Answer> {
  const { code, stderr } = await kubectl.create(pod({ name: 'greedy', namespace: 'shop' }), '--dry-run=server')
  if (code === 0) return 'admitted'
  return stderr.includes('best-effort') ? 'refused by pidguard' : 'refused by the API server'
}
async function guarded(): Promise<void> {
  await untilIs('a refusal', () => bestEffortPod(), 'refused by pidguard')
}
async function applyCalico(change: string): Promise<StoredDaemonSet> {
  await kubectl.ok(['apply', '--filename=-'], JSON.stringify({ ...calicoNode('kube-system'), ...JSON.parse(change) }))
  return api.stored<StoredDaemonSet>('daemonsets', 'calico-node', 'kube-system')
}

let replicas: Replica[] = []
let controller: Running | undefined
/** So many replicas, and a controller that knows the installation as it is now. */
async function start(count: number): Promise<void> {
  await controller?.stop()
  controller = await installation.startController()
  replicas = await Promise.all(Array.from({ length: count }, () => installation.start('--drain=5')))
  await Promise.all(replicas.map((replica) => replica.ready()))
}

/** What one of the processes has said last when both are killed, from the first line to the one that says that it serves. */
const moments = [
  ['controller', 'listening'],
  ['controller', 'leading'],
  ['controller', 'certificates renewed'],
  ['controller', 'caBundle written'],
  ['replica', 'listening']
] as const
void t.test('default: killed at any step of their first start, they make the API server refuse nothing', async (t) => {
  t.equal(await bestEffortPod(), 'admitted', 'before anything runs')
  for (const [which, moment] of moments) {
    const both = { controller: await installation.startController(), replica: await installation.start() }
    await both[which].logged(moment)
    await Promise.all([both.controller.stop('SIGKILL'), both.replica.stop('SIGKILL')])
    t.equal(await bestEffortPod(), 'admitted', moment)
    t.equal(
      (await kubectl.create(pod({ name: 'decent', namespace: 'shop' }, someRequests), '--dry-run=server')).code,
      0
    )
    await kubectl.run(['delete', 'lease/pidguard', 'secret/pidguard-tls', '--namespace=pidguard-system'])
  }
})

/** Milliseconds after the start of the process, from before its first line on. */
const instants = [0, 50, 100, 150, 200, 250, 300, 400, 500, 700, 1000, 1500]
for (const which of ['first', 'second'] as const) {
  void t.test(
    `default: killed at any instant of their ${which} start, they make the API server refuse nothing`,
    async (t) => {
      const decent = pod({ name: 'decent', namespace: 'shop' }, someRequests)
      for (const instant of instants) {
        const [killed, replica] = await Promise.all([installation.startController(), installation.start()])
        await sleep(instant)
        await Promise.all([killed.stop('SIGKILL'), replica.stop('SIGKILL')])
        t.equal((await kubectl.create(decent, '--dry-run=server')).code, 0, `${instant} ms`)
        t.equal(await bestEffortPod(), 'admitted', `${instant} ms: ${replica.logLines().at(-1)?.msg}`)
        // Or the next one would wait until the dead one leads no more.
        await kubectl.run(['delete', 'lease/pidguard', '--namespace=pidguard-system'])
      }
      await start(2)
      await guarded()
      // From now on there is a certificate, which the API server trusts.
      if (which === 'first') await Promise.all(replicas.map((replica) => replica.stop()))
    }
  )
}

void t.test('default: all of them hang: calls take as long as the API server waits, and none is refused', async (t) => {
  for (const replica of replicas) replica.signal('SIGSTOP')
  const from = Date.now()
  t.equal(await bestEffortPod(), 'admitted')
  t.comment(`${Date.now() - from} ms`)
  await applyCalico('{}')
  for (const replica of replicas) replica.signal('SIGCONT')
  await guarded()
  await kubectl.ok(['delete', 'daemonset/calico-node', '-n=kube-system'])
})

void t.test('no controller runs: admission goes on, and a caBundle is repaired when one is back', async (t) => {
  await controller?.stop()
  await guarded()
  const bundles = () => caBundles(plane)
  const [right = ''] = await bundles()
  const patch = JSON.stringify([{ op: 'replace', path: '/webhooks/1/clientConfig/caBundle', value: '' }])
  await kubectl.ok(['patch', 'mutatingwebhookconfiguration/pidguard', '--type=json', `--patch=${patch}`])
  await guarded()
  controller = await installation.startController()
  await until('the caBundle', async () => (await bundles()).every((each) => each === right))
  t.equal(await replicas[0]?.isReady(), true)
})

void t.test('one told to go under load: no call fails, none passes by', async (t) => {
  await installation.apply('default', patience)
  installation.writePolicy(policy)
  await guarded()
  const traffic = startTraffic(plane, 'shop', 4)
  await sleep(second)
  await replicas.shift()?.stop()
  await sleep(second)
  const { calls, refused, missed } = await traffic.stop()
  t.comment(`${calls} calls`)
  t.strictSame(refused, [])
  t.equal(missed, 0)
})

void t.test('one killed without notice under load: with Ignore no object is refused', async (t) => {
  replicas.push(await installation.start('--drain=5'))
  await replicas.at(-1)?.ready()
  const traffic = startTraffic(plane, 'shop', 4)
  await sleep(second)
  await replicas.shift()?.stop('SIGKILL')
  await sleep(2 * second)
  const { calls, refused, missed } = await traffic.stop()
  t.comment(`${calls} calls, ${missed} passed by while it died`)
  t.strictSame(refused, [])
  await guarded()
})

void t.test('all down: pods are created and Calico is updated; when they are back nothing needs a hand', async (t) => {
  const pinned = await applyCalico('{}')
  t.strictSame(backendsOf(pinned), ['NFT'])
  await Promise.all(replicas.map((replica) => replica.stop('SIGKILL')))
  t.equal(await bestEffortPod(), 'admitted')
  const metadata = { name: 'calico-node', namespace: 'kube-system', labels: { 'k8s-app': 'calico-node', seen: 'yes' } }
  await applyCalico(JSON.stringify({ metadata }))
  await start(2)
  await guarded()
  t.strictSame(backendsOf(await applyCalico('{}')), ['NFT'], 'pinned again at the next write')
})

void t.test('the API server restarts: the replicas go on, and admission is back with it', async (t) => {
  await plane.restartApiServer()
  await guarded()
  for (const replica of replicas) t.equal(await replica.isReady(), true)
})

void t.test('a broken policy changes nothing, and a replica that starts with it holds nothing up', async (t) => {
  installation.writePolicy('spec: {rules: [')
  await until('the complaint', () =>
    replicas[0]?.logLines().some(({ msg }) => String(msg).startsWith('policy not loaded'))
  )
  await guarded()
  const late = await installation.start()
  t.equal((await late.ended()).code, 2, 'it says what is wrong and does not serve')
  await guarded()
  installation.writePolicy(policy)
})

void t.test('strict: without anybody to ask, pods of guarded namespaces wait and all others come up', async (t) => {
  await installation.apply('strict')
  installation.writePolicy(policy)
  await Promise.all(replicas.map((replica) => replica.stop()))
  await untilIs('a refusal', () => bestEffortPod(), 'refused by the API server')
  // A namespace is guarded when it can be told from the system's: by its name as a label, which an old API server does not write.
  for (const namespace of ['kube-system', 'pidguard-system', 'default']) {
    const decent = pod({ name: 'vital', namespace }, someRequests)
    const { code, stderr } = await kubectl.create(decent, '--dry-run=server')
    const isGuarded = namespace === 'default' && (await carriesItsName(api, namespace))
    t.equal(code, isGuarded ? 1 : 0, `${namespace}: ${stderr}`)
  }
  await applyCalico('{}')
  await start(2)
  await guarded()
  await installation.apply('default')
  installation.writePolicy(policy)
})

void t.test('our own namespace deleted: nothing is refused meanwhile; applied again, all is as before', async (t) => {
  await kubectl.ok(['delete', 'namespace', 'pidguard-system', '--timeout=300s'])
  t.not(await bestEffortPod(), 'refused by the API server')
  await Promise.all(replicas.map((replica) => replica.stop('SIGKILL')))
  await installation.apply()
  await start(2)
  await guarded()
})

void t.test('uninstalled, nothing is left', async (t) => {
  await Promise.all([controller?.stop(), ...replicas.map((replica) => replica.stop())])
  await kubectl.ok(['delete', '--kustomize', installation.place(), '--timeout=300s'])
  t.equal(await bestEffortPod(), 'admitted')
  const kinds =
    'mutatingwebhookconfigurations,validatingwebhookconfigurations,clusterroles,clusterrolebindings,namespaces'
  t.equal((await kubectl.run(['get', kinds, '--output=name'])).stdout.match(/pidguard/g), null)
  const budgets = await newestServed(api, 'policy', 'poddisruptionbudgets')
  t.equal((await api.get(`/apis/${budgets}/namespaces/pidguard-system/poddisruptionbudgets/pidguard`)).status, 404)
})
