import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { caBundles, install, patience, type Replica, type Running, secretData } from './support/installation.ts'
import { deployment, pod, type StoredPod, someRequests } from './support/objects.ts'
import { startTraffic } from './support/traffic.ts'
import { until } from './support/wait.ts'

const second = 1_000
// With controllers: they try again what was refused, as in every cluster.
const plane = await startControlPlane({ controllers: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
const installation = await install(plane, 'strict', [], patience)
const replicas: Replica[] = []
const controllers: Running[] = []

/** What an API server without its etcd refuses is not ours; what it refuses for a webhook would be. */
function forUs(refused: readonly string[]): string[] {
  return refused.filter((said) => /webhook|pidguard/.test(said))
}

async function guarded(): Promise<void> {
  await until('a refusal', async () => {
    const { stderr } = await kubectl.create(pod({ name: 'greedy', namespace: 'shop' }), '--dry-run=server')
    return stderr.includes('best-effort')
  })
}

/** Only a leader that works does this. */
async function mendsCaBundle(): Promise<void> {
  const { 'ca.crt': authority } = await secretData(plane)
  const patch = JSON.stringify([{ op: 'replace', path: '/webhooks/1/clientConfig/caBundle', value: '' }])
  await kubectl.ok(['patch', 'mutatingwebhookconfiguration/pidguard', '--type=json', `--patch=${patch}`])
  await until('the caBundle', async () => (await caBundles(plane)).every((each) => each === authority))
}

void t.test('strict, and etcd slow for ten seconds: calls take longer, and none fails for us', async (t) => {
  controllers.push(...(await Promise.all(Array.from({ length: 2 }, () => installation.startController()))))
  replicas.push(...(await Promise.all(Array.from({ length: 3 }, () => installation.start()))))
  await Promise.all(replicas.map((replica) => replica.ready()))
  const traffic = startTraffic(plane, 'shop', 4)
  await sleep(second)
  const before = traffic.calls()
  const end = Date.now() + 10 * second
  while (Date.now() < end) {
    await plane.holdEtcd(400)
    await sleep(100)
    for (const replica of replicas) t.equal(await replica.isReady(), true)
  }
  const { calls, refused, missed } = await traffic.stop()
  t.comment(`${calls} calls, ${calls - before} of them meanwhile, ${refused.length} given up by the API server itself`)
  t.ok(calls > before)
  t.strictSame(forUs(refused), [])
  t.equal(missed, 0)
  await guarded()
})

void t.test('etcd still for longer than a leader may lead unheard: one leads again, replicas stay ready', async (t) => {
  const traffic = startTraffic(plane, 'shop', 4)
  const held = plane.holdEtcd(17 * second)
  const end = Date.now() + 17 * second
  while (Date.now() < end) {
    await sleep(second / 2)
    for (const replica of replicas) t.equal(await replica.isReady(), true)
  }
  await held
  const { calls, refused, missed } = await traffic.stop()
  t.comment(`${calls} calls, ${refused.length} given up by the API server itself`)
  t.strictSame(forUs(refused), [])
  t.equal(missed, 0)
  await guarded()
  await mendsCaBundle()
  const lost = controllers
    .flatMap((controller) => controller.logLines())
    .filter(({ msg }) => msg === 'no longer leading')
  t.ok(lost.length > 0, 'the leader of before stepped down')
})

void t.test('strict, and one killed without notice under load: the few calls it held are tried again', async (t) => {
  const traffic = startTraffic(plane, 'shop', 4)
  await sleep(second)
  await kubectl.create(deployment({ name: 'web', namespace: 'shop' }, 40, someRequests))
  await replicas.shift()?.stop('SIGKILL')
  await sleep(2 * second)
  const { calls, refused } = await traffic.stop()
  t.comment(`${calls} calls, ${refused.length} refused while it died`)
  t.strictSame(
    refused.filter((said) => !said.includes('failed calling webhook')),
    [],
    'for no other reason'
  )
  const settled = startTraffic(plane, 'shop', 4)
  const pods = await until('every pod of the Deployment', async () => {
    const found = await api.list<StoredPod>('pods', 'shop', 'labelSelector=app=web')
    return found.length === 40 && found
  })
  await sleep(second)
  // The hook that fills is Ignore everywhere: a pod may pass it by, and is still checked.
  const unfilled = pods.filter(({ metadata }) => metadata.annotations?.['pidguard.io/pids-estimate'] === undefined)
  t.comment(`${unfilled.length} of ${pods.length} pods not filled`)
  t.strictSame((await settled.stop()).refused, [], 'once the Service has forgotten it, no call fails')
  await guarded()
})
