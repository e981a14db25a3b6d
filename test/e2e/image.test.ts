import { execFile } from 'node:child_process'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { request } from 'undici'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { startNode } from './support/node.ts'
import { calicoNode, pod, type StoredDaemonSet, type StoredObject, someRequests } from './support/objects.ts'
import { ageOf, kernelViewOf, programsIn } from './support/pod-process.ts'
import { buildImage, missingForImage } from './support/program-image.ts'
import { proxyServices } from './support/service-proxy.ts'
import { startTraffic } from './support/traffic.ts'
import { until, untilIs } from './support/wait.ts'
import { sumOf } from './support/webhook.ts'

const second = 1_000
const root = resolve(import.meta.dirname, '../..')
const overlay = join(root, 'manifests/overlays/default')
const ours = '--namespace=pidguard-system'
const head = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\n'

interface RunningPod extends StoredObject {
  readonly metadata: StoredObject['metadata'] & { readonly deletionTimestamp?: string }
  readonly spec: { readonly volumes: readonly { readonly projected?: { readonly sources: readonly object[] } }[] }
  readonly status: {
    readonly podIP: string
    readonly conditions: readonly { readonly type: string; readonly lastTransitionTime: string }[]
    readonly containerStatuses: readonly {
      readonly restartCount: number
      readonly state: { readonly running?: { readonly startedAt: string } }
    }[]
  }
}

const missing = missingForImage(process.env)
if (missing === undefined) await runImage()
else t.plan(0, `the image cannot be built and run here: ${missing}`)

/** The image as its Deployment runs it: on a real kubelet, with the manifests as they are and nothing of this machine. */
async function runImage(): Promise<void> {
  const plane = await startControlPlane({ controllers: true, scheduler: true })
  t.teardown(() => plane.stop())
  const { kubectl, api } = plane
  const image = await buildImage(plane.folder)
  // Kubelets of the cluster's own authority, as where --rotate-server-certificates is on.
  const node = await startNode(plane, { authority: plane.authority })
  t.teardown(() => node.stop())
  // Another kubelet of this machine may run the same program.
  const ofNode = basename(dirname(node.kubepods))
  node.importImages(image.archive)
  await proxyServices(plane)
  await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })

  const replicas = async (): Promise<readonly RunningPod[]> =>
    (await api.list<RunningPod>('pods', 'pidguard-system', 'labelSelector=app.kubernetes.io/name=pidguard')).filter(
      ({ metadata }) => metadata.deletionTimestamp === undefined
    )
  const writePolicy = (text: string) => {
    const patch = JSON.stringify({ data: { 'policy.yaml': text } })
    return kubectl.ok(['patch', 'configmap/pidguard-policy', ours, '--type=merge', `--patch=${patch}`])
  }
  /** As each replica tells it: how many policies it has loaded so far, and whether the last it saw was one. */
  const policies = async () =>
    await Promise.all(
      (await replicas()).map(async ({ status }) => ({
        loads: await metric(status.podIP, 'pidguard_policy_generation'),
        isLatest: (await metric(status.podIP, 'pidguard_policy_latest')) === 1
      }))
    )
  const rolledOut = () => kubectl.ok(['rollout', 'status', 'deployment/pidguard', ours, '--timeout=300s'])

  /** Milliseconds from the first process of the next pod to its first yes to a readiness probe. */
  async function startOfNext(): Promise<number> {
    const [addresses, programs] = [node.podAddresses(), programsIn(ofNode)]
    const address = await until('its address', () => node.podAddresses().find((each) => !addresses.includes(each)))
    const giveUpAt = Date.now() + 60 * second
    while (!(await isReady(address))) {
      if (Date.now() > giveUpAt) throw new Error(`${address} does not get ready`)
      await sleep(10)
    }
    const pid = programsIn(ofNode).find((each) => !programs.includes(each))
    return pid === undefined ? Number.NaN : ageOf(pid)
  }

  void t.test('kubectl apply -k manifests/overlays/default: three replicas get ready', async (t) => {
    await kubectl.ok(['apply', '--kustomize', overlay])
    await rolledOut()
    const pods = await replicas()
    t.equal(pods.length, 3)
    for (const { metadata, spec, status } of pods) {
      t.equal(status.containerStatuses[0]?.restartCount, 0, metadata.name)
      t.ok(
        spec.volumes.some(({ projected }) => JSON.stringify(projected)?.includes('serviceAccountToken')),
        'its token is projected by the kubelet'
      )
    }
  })

  void t.test('the kernel holds each to what the manifests ask for', async (t) => {
    for (const { metadata } of await replicas()) {
      const [pid = 0, ...others] = programsIn(metadata.uid)
      t.strictSame(others, [])
      t.match(kernelViewOf(pid), {
        user: 65532,
        capabilities: '0000000000000000',
        mayGainPrivileges: false,
        filtersSystemCalls: true,
        isRootReadOnly: true
      })
    }
  })

  void t.test('the API server asks it: one pod is refused, one filled, and Calico is held', async (t) => {
    const refused = await kubectl.create(pod({ name: 'greedy', namespace: 'shop' }))
    t.match(refused.stderr, /admission webhook "validate\.pidguard\.io" denied the request: .*best-effort/)
    const half = await api.post(
      '/api/v1/namespaces/shop/pods?dryRun=All',
      pod({ name: 'half', namespace: 'shop' }, { requests: { cpu: '5m' } })
    )
    t.match(half.body, {
      metadata: { annotations: { 'pidguard.io/pids-estimate': String } },
      spec: { containers: [{ resources: { requests: { cpu: '5m', memory: String } } }] }
    })
    await kubectl.ok(['create', '--filename=-'], JSON.stringify(calicoNode('kube-system')))
    const calico = await api.stored<StoredDaemonSet>('daemonsets', 'calico-node', 'kube-system')
    t.strictSame(calico.spec.updateStrategy, { type: 'OnDelete' })
    await kubectl.ok(['delete', 'daemonset/calico-node', '--namespace=kube-system'])
  })

  void t.test('each reads the kubelet it runs on, and denies what does not fit there', async (t) => {
    for (const { status } of await replicas()) {
      await untilIs('a fresh reading', () => metric(status.podIP, 'pidguard_nodes{known="fresh"}'), 1)
    }
    const metadata = { name: 'huge', namespace: 'shop', annotations: { 'pidguard.io/pids': '4000000' } }
    const { stderr } = await kubectl.create(pod(metadata, someRequests))
    t.match(stderr, /pid-headroom: .*node-a has \d+ PIDs free under/)
  })

  void t.test('pidguard doctor finds nothing wrong', async (t) => {
    const { code, text } = await doctor(plane)
    t.equal(code, 0, text)
    t.match(text, /0 errors, 0 warnings/)
  })

  void t.test(
    'the policy is its ConfigMap: a new one is in force without a restart, a broken one is not',
    async (t) => {
      const before = (await replicas()).map(({ metadata }) => metadata.uid)
      const isRefused = async () =>
        (await kubectl.create(pod({ name: 'greedy', namespace: 'shop' }), '--dry-run=server')).code !== 0
      await writePolicy(`${head}spec: {rules: {best-effort: warn}}`)
      await until('every replica to have read it', async () => (await policies()).every(({ loads }) => loads === 2))
      t.equal(await isRefused(), false)
      await writePolicy(`${head}spec: {rules: {best-efort: enforce}}`)
      await until('every replica to complain', async () => (await policies()).every(({ isLatest }) => !isLatest))
      t.equal(await isRefused(), false, 'the last good one stays')
      t.match(await doctor(plane), { code: 1, text: /ERROR {2}policy: .*best-efort: no such rule/ })
      await kubectl.ok(['apply', '--kustomize', overlay])
      await until('every replica to have read the old one', async () =>
        (await policies()).every(({ isLatest, loads }) => isLatest && loads === 3)
      )
      t.equal(await isRefused(), true)
      t.strictSame(
        (await replicas()).map(({ metadata }) => metadata.uid),
        before
      )
    }
  )

  void t.test('one deleted under load: no call fails, none passes by', async (t) => {
    const traffic = startTraffic(plane, 'shop', 2)
    await sleep(second)
    const [leaving] = await replicas()
    await kubectl.ok(['delete', `pod/${leaving?.metadata.name}`, ours, '--timeout=300s'])
    await rolledOut()
    await sleep(second)
    const { calls, refused, missed } = await traffic.stop()
    t.comment(`${calls} calls`)
    t.ok(calls > 100)
    t.strictSame(refused, [])
    t.equal(missed, 0)
  })

  void t.test('its figures', async (t) => {
    t.comment(`added to the Node base: ${(image.added / 1e6).toFixed(1)} MB unpacked`)
    t.ok(image.added <= 60e6)
    for (const { metadata } of await replicas()) {
      const start = startOfNext()
      await kubectl.ok(['delete', `pod/${metadata.name}`, ours, '--timeout=300s'])
      t.comment(`ready ${Math.round(await start)} ms after its process was made`)
      await rolledOut()
    }
    for (const { status } of await replicas()) t.comment(`Kubernetes, in whole seconds: ${secondsToReady(status)}`)
    await sleep(20 * second)
    for (const { metadata } of await replicas()) {
      const { residentMiB, threads } = await until('120 MiB at most', () => {
        const view = kernelViewOf(programsIn(metadata.uid)[0] ?? 0)
        return view.residentMiB <= 120 && view
      })
      t.comment(`idle: ${Math.round(residentMiB)} MiB resident, ${threads} threads`)
    }
  })

  void t.test(
    'its namespace is deleted: nothing is checked until it is applied again, and then all is as before',
    async (t) => {
      const greedy = () => kubectl.create(pod({ name: 'greedy', namespace: 'shop' }), '--dry-run=server')
      await kubectl.ok(['delete', 'namespace/pidguard-system', '--timeout=300s'])
      t.equal((await greedy()).code, 0)
      await kubectl.ok(['apply', '--kustomize', overlay])
      await rolledOut()
      const { stderr } = await until('a refusal', async () => {
        const answer = await greedy()
        return answer.code !== 0 && answer
      })
      t.match(stderr, 'best-effort')
    }
  )

  void t.test('uninstalled, nothing is left, on the node neither', async (t) => {
    await kubectl.ok(['delete', '--kustomize', overlay, '--timeout=300s'])
    t.strictSame(programsIn(ofNode), [])
    t.equal((await kubectl.create(pod({ name: 'greedy', namespace: 'shop' }), '--dry-run=server')).code, 0)
  })
}

async function isReady(address: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`http://${address}:8080/readyz`, { headersTimeout: second })
    await body.dump()
    return statusCode === 200
  } catch {
    return false
  }
}

async function metric(address: string, name: string): Promise<number | undefined> {
  const { body } = await request(`http://${address}:8080/metrics`)
  return sumOf(name, await body.text())
}

/** From the start of the container to the condition; a probe comes every two seconds, and the API tells whole ones. */
function secondsToReady({ conditions, containerStatuses }: RunningPod['status']): number {
  const ready = conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? ''
  return (Date.parse(ready) - Date.parse(containerStatuses[0]?.state.running?.startedAt ?? '')) / second
}

function doctor({ folder }: ControlPlane): Promise<{ readonly code: number; readonly text: string }> {
  const args = [join(root, 'dist/main.js'), 'doctor', `--kubeconfig=${join(folder, 'kubeconfig')}`]
  return new Promise((done) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), text: stdout + stderr })
    })
  })
}
