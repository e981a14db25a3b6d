import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { startMeddler } from './support/meddler.ts'
import {
  deployment,
  pod,
  type Resources,
  restricted,
  restrictedContainer,
  type StoredPod,
  someRequests
} from './support/objects.ts'
import { kindOf, newestServed } from './support/served.ts'
import { until } from './support/wait.ts'
import { startWebhook } from './support/webhook.ts'

const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  requests: {bestEffortPods: reject, cpu: 10m, memory: 32Mi}
  pids:
    estimate: 50
    profiles:
      - {name: dotnet, match: {images: ['*dotnet*']}, estimate: 300}
  overrides:
    - name: batch
      namespaces: {names: ['batch-*']}
      requests: {bestEffortPods: inject}
    - name: lenient
      namespaces: {names: [lenient]}
      rules: {best-effort: warn}
  exemptions:
    - {rules: [best-effort], namespaces: [shop], names: [licensed], reason: bought as it is, expires: '2099-12-31'}
    - {rules: [best-effort], namespaces: [shop], names: [overdue], reason: for a while, expires: '2020-12-31'}
`

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl, api } = plane
for (const namespace of ['shop', 'batch-night', 'lenient', 'with-limits']) await plane.createNamespace(namespace)

// From the time before pidguard.
await kubectl.create(pod({ name: 'veteran', namespace: 'shop', finalizers: ['example.com/hold'] }))

const webhook = await startWebhook(plane, { policy })
t.teardown(() => webhook.stop())
await webhook.register()

const atLeast: Resources = { requests: { cpu: '10m', memory: '32Mi' } }

void t.test('a BestEffort pod is refused, and the message names the rule, the pod and what to do', async (t) => {
  const { code, stderr } = await kubectl.create(pod({ name: 'greedy', namespace: 'shop' }))
  t.equal(code, 1)
  t.match(stderr, 'validate.pidguard.io')
  t.match(stderr, 'best-effort')
  t.match(stderr, 'greedy')
  t.match(stderr, /requests/i)
  t.equal((await api.get('/api/v1/namespaces/shop/pods/greedy')).status, 404)
})

void t.test('a BestEffort pod that has no name yet is refused just so', async (t) => {
  const { code, stderr } = await kubectl.create(pod({ generateName: 'greedy-', namespace: 'shop' }))
  t.equal(code, 1)
  t.match(stderr, 'best-effort')
  t.match(stderr, 'greedy-')
})

void t.test('the same pod is filled and admitted where the policy injects', async (t) => {
  const { code } = await kubectl.create(pod({ name: 'greedy', namespace: 'batch-night' }))
  t.equal(code, 0)
  const { spec, status } = await api.stored<StoredPod>('pods', 'greedy', 'batch-night')
  t.strictSame(spec.containers[0]?.resources, atLeast)
  t.equal(status.qosClass, 'Burstable')
})

void t.test('the same pod is admitted with a warning where the policy only warns', async (t) => {
  const { code, stderr } = await kubectl.create(pod({ name: 'greedy', namespace: 'lenient' }))
  t.equal(code, 0)
  t.match(stderr, /^Warning: .*best-effort/m)
  const { status } = await api.stored<StoredPod>('pods', 'greedy', 'lenient')
  t.equal(status.qosClass, 'BestEffort')
})

void t.test('an exempt pod is admitted as it is, and no longer once its exemption has expired', async (t) => {
  const exempt = await kubectl.create(pod({ name: 'licensed', namespace: 'shop' }))
  t.equal(exempt.code, 0, exempt.stderr)
  t.equal((await api.stored<StoredPod>('pods', 'licensed', 'shop')).status.qosClass, 'BestEffort')
  const expired = await kubectl.create(pod({ name: 'overdue', namespace: 'shop' }))
  t.equal(expired.code, 1)
  t.match(expired.stderr, 'best-effort')
})

const partlyFilled: { name: string; resources: Resources; want: Resources; qosClass: string }[] = [
  {
    name: 'only a cpu request',
    resources: { requests: { cpu: '7m' } },
    want: { requests: { cpu: '7m', memory: '32Mi' } },
    qosClass: 'Burstable'
  },
  {
    name: 'only a memory request',
    resources: { requests: { memory: '1Gi' } },
    want: { requests: { cpu: '10m', memory: '1Gi' } },
    qosClass: 'Burstable'
  },
  {
    // The API server has made the limit a request before pidguard sees the pod.
    name: 'only a small memory limit',
    resources: { limits: { memory: '16Mi' } },
    want: { limits: { memory: '16Mi' }, requests: { cpu: '10m', memory: '16Mi' } },
    qosClass: 'Burstable'
  },
  {
    name: 'equal requests and limits',
    resources: { limits: { cpu: '20m', memory: '64Mi' } },
    want: { limits: { cpu: '20m', memory: '64Mi' }, requests: { cpu: '20m', memory: '64Mi' } },
    qosClass: 'Guaranteed'
  }
]
void t.test('a partly filled pod is completed, and what it asks for stays', async (t) => {
  for (const [index, { name, resources, want, qosClass }] of partlyFilled.entries()) {
    const podName = `partly-${index}`
    const { code, stderr } = await kubectl.create(pod({ name: podName, namespace: 'shop' }, resources))
    t.equal(code, 0, stderr)
    const stored = await api.stored<StoredPod>('pods', podName, 'shop')
    t.strictSame(stored.spec.containers[0]?.resources, want, name)
    t.equal(stored.status.qosClass, qosClass, name)
  }
})

void t.test('the stored pod says how many PIDs it is counted with, and how that is known', async (t) => {
  const cases = [
    { name: 'plain', image: 'example.com/app:1', annotations: {}, want: { estimate: '50', source: 'default' } },
    {
      name: 'profiled',
      image: 'example.com/dotnet-shop:8',
      annotations: {},
      want: { estimate: '300', source: 'profile' }
    },
    {
      name: 'declared',
      image: 'example.com/dotnet-shop:8',
      annotations: { 'pidguard.io/pids': '120' },
      want: { estimate: '120', source: 'declared' }
    }
  ]
  for (const { name, image, annotations, want } of cases) {
    const { code, stderr } = await kubectl.create(pod({ name, namespace: 'shop', annotations }, someRequests, image))
    t.equal(code, 0, stderr)
    const { metadata } = await api.stored<StoredPod>('pods', name, 'shop')
    t.equal(metadata.annotations?.['pidguard.io/pids-estimate'], want.estimate, name)
    t.equal(metadata.annotations?.['pidguard.io/pids-estimate-source'], want.source, name)
  }
})

void t.test('a server-side dry run is answered as the real write would be, and leaves nothing behind', async (t) => {
  const refused = await kubectl.create(pod({ name: 'dry', namespace: 'shop' }), '--dry-run=server')
  t.equal(refused.code, 1)
  t.match(refused.stderr, 'best-effort')
  const filled = await kubectl.create(
    pod({ name: 'dry', namespace: 'batch-night' }),
    '--dry-run=server',
    '--output=json'
  )
  t.equal(filled.code, 0, filled.stderr)
  const shown: StoredPod = JSON.parse(filled.stdout)
  t.strictSame(shown.spec.containers[0]?.resources, atLeast)
  t.equal(shown.metadata.annotations?.['pidguard.io/pids-estimate'], '50')
  t.equal((await api.get('/api/v1/namespaces/batch-night/pods/dry')).status, 404)
})

void t.test('a pod that a LimitRange has filled is no BestEffort pod', async (t) => {
  const limits = [{ type: 'Container', defaultRequest: { cpu: '3m', memory: '5Mi' } }]
  const metadata = { name: 'defaults', namespace: 'with-limits' }
  await kubectl.ok(
    ['create', '--filename=-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'LimitRange', metadata, spec: { limits } })
  )
  const { code, stderr } = await kubectl.create(pod({ name: 'bare', namespace: 'with-limits' }))
  t.equal(code, 0, stderr)
  const { spec } = await api.stored<StoredPod>('pods', 'bare', 'with-limits')
  t.strictSame(spec.containers[0]?.resources, { requests: { cpu: '3m', memory: '5Mi' } })
})

void t.test('system namespaces are out of the pod rules', async (t) => {
  const { code, stderr } = await kubectl.create(pod({ name: 'bare', namespace: 'kube-system' }))
  t.equal(code, 0, stderr)
  const { spec, metadata } = await api.stored<StoredPod>('pods', 'bare', 'kube-system')
  t.strictSame(spec.containers[0]?.resources, {})
  t.notMatch(Object.keys(metadata.annotations ?? {}).join(' '), 'pidguard.io/')
})

void t.test('a running pod can be given a container to debug it with, also one from before pidguard', async (t) => {
  await kubectl.ok(['create', '--filename=-'], JSON.stringify(pod({ name: 'sick', namespace: 'shop' }, someRequests)))
  // An older API server takes the list in an object of its own, a newer one the whole pod.
  const kind = await kindOf(api, 'v1', 'pods/ephemeralcontainers')
  const debug = {
    name: 'debug',
    image: 'example.com/debug:1',
    imagePullPolicy: 'Never',
    terminationMessagePolicy: 'File'
  }
  // The older one refuses a security context there, and has no Pod Security either.
  const ephemeralContainers = [kind === 'Pod' ? restrictedContainer(debug) : debug]
  for (const name of ['sick', 'veteran']) {
    const stored = await api.stored<StoredPod>('pods', name, 'shop')
    const own = kind === 'Pod' ? { ...stored, spec: { ...stored.spec, ephemeralContainers } } : { ephemeralContainers }
    const debugged = await api.put(`/api/v1/namespaces/shop/pods/${name}/ephemeralcontainers`, {
      metadata: { name },
      ...own,
      apiVersion: 'v1',
      kind
    })
    t.equal(debugged.status, 200, String(debugged.body.message))
  }
})

void t.test('a BestEffort pod from before pidguard can be labelled, freed of its finalizer and deleted', async (t) => {
  t.equal((await kubectl.run(['label', 'pod', 'veteran', '-n', 'shop', 'seen=yes'])).code, 0)
  t.equal((await kubectl.run(['delete', 'pod', 'veteran', '-n', 'shop', '--wait=false'])).code, 0)
  const patch = '--patch={"metadata":{"finalizers":null}}'
  const freed = await kubectl.run(['patch', 'pod', 'veteran', '-n', 'shop', '--type=merge', patch])
  t.equal(freed.code, 0, freed.stderr)
  await kubectl.ok(['wait', '--for=delete', 'pod/veteran', '-n', 'shop', '--timeout=10s'])
})

void t.test('a container that another webhook adds afterwards is completed too', async (t) => {
  const meddler = await startMeddler(plane, restrictedContainer({ name: 'sidecar', image: 'example.com/sidecar:1' }))
  t.teardown(() => meddler.stop())
  await plane.createNamespace('meshed', { meddled: 'yes' })
  const created = await until('a pod with a sidecar', async () => {
    const { body } = await api.post(
      '/api/v1/namespaces/meshed/pods?dryRun=All',
      pod({ name: 'meshed', namespace: 'meshed' }, someRequests)
    )
    const shown = body as StoredPod
    return shown.spec.containers.length === 2 && shown
  })
  t.strictSame(created.spec.containers[1]?.resources, atLeast)
})

void t.test('an object near the size that etcd takes goes through', async (t) => {
  const metadata = { name: 'large', namespace: 'shop' }
  const env = Array.from({ length: 12 }, (_, index) => ({ name: `PART_${index}`, value: 'x'.repeat(100_000) }))
  const large = deployment(metadata, 1, someRequests, env)
  const created = await api.post('/apis/apps/v1/namespaces/shop/deployments', large)
  t.equal(created.status, 201, String(created.body.message))
  const updated = await api.put(
    '/apis/apps/v1/namespaces/shop/deployments/large',
    deployment(metadata, 2, someRequests, env)
  )
  t.equal(updated.status, 200, String(updated.body.message))
})

const template = {
  metadata: { labels: { app: 'x' } },
  spec: restricted([{ name: 'app', image: 'example.com/app:1' }])
}
const jobTemplate = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } }
const selector = { matchLabels: { app: 'x' } }
const workloads = [
  { apiVersion: 'apps/v1', kind: 'Deployment', spec: { selector, template } },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', spec: { selector, template, serviceName: 'x' } },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', spec: { selector, template } },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', spec: { selector, template } },
  { apiVersion: 'v1', kind: 'ReplicationController', spec: { selector: { app: 'x' }, template } },
  { apiVersion: 'batch/v1', kind: 'Job', spec: { template: jobTemplate } },
  {
    apiVersion: await newestServed(api, 'batch', 'cronjobs'),
    kind: 'CronJob',
    spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template: jobTemplate } } }
  }
]
void t.test('the template of a workload is warned about, and neither refused nor changed', async (t) => {
  for (const workload of workloads) {
    const metadata = { name: 'templated', namespace: 'shop' }
    const { code, stdout, stderr } = await kubectl.create({ ...workload, metadata }, '--output=json')
    t.equal(code, 0, stderr)
    const warnings = stderr.split('\n').filter((line) => line.startsWith('Warning: '))
    t.match(warnings.join('\n'), 'best-effort', `a warning about the ${workload.kind}`)
    for (const warning of warnings) t.ok(warning.length <= 'Warning: '.length + 120, warning)
    t.notMatch(stdout, 'pidguard.io/')
    t.notMatch(stdout, '"requests"')
  }
})

void t.test(
  'the audit log of the API server tells which rule refused, which changed, and what was estimated',
  async (t) => {
    await kubectl.create(pod({ name: 'told', namespace: 'shop' }))
    await kubectl.create(pod({ name: 'told', namespace: 'batch-night' }))
    function annotationsOf(namespace: string): string {
      const event = plane.auditEvents().find(({ verb, objectRef }) => {
        return verb === 'create' && objectRef?.name === 'told' && objectRef.namespace === namespace
      })
      const own = Object.entries(event?.annotations ?? {}).filter(([key]) => key.includes('pidguard.io/'))
      return own.map(([key, value]) => `${key}=${value}`).join('\n')
    }
    t.match(annotationsOf('shop'), /^validate\.pidguard\.io\/best-effort=deny/m)
    t.match(annotationsOf('batch-night'), /^mutate\.pidguard\.io\/.*resource-requests/m)
    t.match(annotationsOf('batch-night'), /pids-estimate=50 \(default\)/)
  }
)

void t.test('no call of a webhook failed', async (t) => {
  t.notMatch(plane.log('kube-apiserver'), /failed calling webhook/i)
})
