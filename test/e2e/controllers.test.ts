import t from 'tap'
import type { Resource } from './support/api-client.ts'
import { startControlPlane } from './support/control-plane.ts'
import { addNode } from './support/nodes.ts'
import {
  backendsOf,
  calicoNode,
  deployment,
  restricted,
  type StoredDaemonSet,
  type StoredObject,
  type StoredPod
} from './support/objects.ts'
import { until, untilIs } from './support/wait.ts'
import { startWebhook } from './support/webhook.ts'

const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  requests: {bestEffortPods: reject, cpu: 10m, memory: 32Mi}
  calico: {iptablesBackend: NFT}
  overrides:
    - name: batch
      namespaces: {names: ['batch-*']}
      requests: {bestEffortPods: inject}
`

interface Deployed extends StoredObject {
  readonly spec: { readonly template: object }
  readonly status: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] }
}

interface Condition {
  readonly type: string
  readonly message: string
}

const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane
for (const namespace of ['shop', 'batch-night']) await plane.createNamespace(namespace)
for (const name of ['node-a', 'node-b']) await addNode(plane, name)

// From the time before pidguard.
await kubectl.create(deployment({ name: 'settled', namespace: 'shop' }, 2, { requests: { cpu: '5m' } }))
await kubectl.create(calicoNode('kube-system'))
const settledPods = await podsOnceThere('shop', 'app=settled', 2)
const settledSets = await replicaSets('shop', 'app=settled')
const calicoPods = await podsOnceThere('kube-system', 'k8s-app=calico-node', 2)

const webhook = await startWebhook(plane, { policy })
t.teardown(() => webhook.stop())
await webhook.register()

function podsOnceThere(namespace: string, selector: string, count: number): Promise<readonly StoredPod[]> {
  return until(`${count} pods ${selector} in ${namespace}`, async () => {
    const pods = await api.list<StoredPod>('pods', namespace, `labelSelector=${selector}`)
    return pods.length === count && pods
  })
}

async function replicaSets(namespace: string, selector: string): Promise<string[]> {
  const sets = await api.list<StoredObject>('replicasets', namespace, `labelSelector=${selector}`)
  return sets.map(({ metadata }) => `${metadata.name} ${metadata.labels?.['pod-template-hash']}`)
}

function uids(objects: readonly StoredObject[]): string[] {
  return objects.map(({ metadata }) => metadata.uid).sort()
}

async function observed(resource: Resource, name: string, namespace: string): Promise<Deployed> {
  return await until(`${resource} ${name} observed`, async () => {
    const object = await api.stored<Deployed>(resource, name, namespace)
    return object.status.observedGeneration === object.metadata.generation && object
  })
}

void t.test(
  'a Deployment from before pidguard is not rolled out by an edit of its metadata, nor by scaling',
  async (t) => {
    for (const edit of [
      ['label', 'deployment/settled', 'team=shop'],
      ['annotate', 'deployment/settled', 'example.com/note=x']
    ]) {
      const { code, stderr } = await kubectl.run([...edit, '--namespace=shop'])
      t.equal(code, 0, stderr)
    }
    const scaled = await kubectl.run(['scale', 'deployment/settled', '--replicas=3', '--namespace=shop'])
    t.equal(scaled.code, 0, scaled.stderr)
    const pods = await podsOnceThere('shop', 'app=settled', 3)
    await observed('deployments', 'settled', 'shop')

    t.strictSame(
      await replicaSets('shop', 'app=settled'),
      settledSets,
      'one ReplicaSet, with the same pod-template-hash'
    )
    const old = uids(settledPods)
    t.strictSame(
      uids(pods).filter((uid) => old.includes(uid)),
      old,
      'the old pods are still there'
    )
    const added = pods.find(({ metadata }) => !old.includes(metadata.uid))
    t.strictSame(
      added?.spec.containers[0]?.resources,
      { requests: { cpu: '5m', memory: '32Mi' } },
      'the new pod is completed'
    )
    t.equal(added?.metadata.annotations?.['pidguard.io/pids-estimate-source'], 'default')
  }
)

void t.test('a Deployment whose pods are refused says so, in an event and in its status', async (t) => {
  const { code, stderr } = await kubectl.create(deployment({ name: 'greedy', namespace: 'shop' }, 2))
  t.equal(code, 0, stderr)
  t.match(stderr, /^Warning: .*best-effort/m, 'a warning when it is written')
  const message = await until('a FailedCreate event', async () => {
    const items = await api.list<{ message: string }>('events', 'shop', 'fieldSelector=reason=FailedCreate')
    return items.find((event) => event.message.includes('greedy'))?.message
  })
  t.match(message, 'validate.pidguard.io')
  t.match(message, 'best-effort')
  const failure = await until('ReplicaFailure', async () => {
    const { status } = await api.stored<Deployed>('deployments', 'greedy', 'shop')
    return status.conditions?.find(({ type }) => type === 'ReplicaFailure')
  })
  t.match(failure.message, 'best-effort')
  t.strictSame(await api.list('pods', 'shop', 'labelSelector=app=greedy'), [])
})

void t.test('where the policy injects, the pods of a Deployment are filled and its template is not', async (t) => {
  const { code, stderr } = await kubectl.create(deployment({ name: 'nightly', namespace: 'batch-night' }, 2))
  t.equal(code, 0, stderr)
  const pods = await podsOnceThere('batch-night', 'app=nightly', 2)
  for (const { spec, status } of pods) {
    t.strictSame(spec.containers[0]?.resources, { requests: { cpu: '10m', memory: '32Mi' } })
    t.equal(status.qosClass, 'Burstable')
  }
  const { spec } = await observed('deployments', 'nightly', 'batch-night')
  t.notMatch(JSON.stringify(spec.template), /requests|pidguard/)
  t.equal((await replicaSets('batch-night', 'app=nightly')).length, 1)
})

void t.test('an edit of the metadata of a running Calico restarts none of its pods', async (t) => {
  const touched = await editCalico('annotate', 'example.com/note=x')
  t.equal(touched.code, 0, touched.stderr)
  await observed('daemonsets', 'calico-node', 'kube-system')
  t.strictSame(uids(await podsOnceThere('kube-system', 'k8s-app=calico-node', 2)), uids(calicoPods))
})

void t.test('naming the backend takes over a running Calico, and restarts none of its pods', async (t) => {
  const named = await editCalico('set', 'env', 'FELIX_IPTABLESBACKEND=NFT')
  t.equal(named.code, 0, named.stderr)
  await observed('daemonsets', 'calico-node', 'kube-system')
  const daemonSet = await api.stored<StoredDaemonSet>('daemonsets', 'calico-node', 'kube-system')
  t.strictSame(backendsOf(daemonSet), ['NFT'])
  t.strictSame(daemonSet.spec.updateStrategy, { type: 'OnDelete' })
  t.strictSame(uids(await podsOnceThere('kube-system', 'k8s-app=calico-node', 2)), uids(calicoPods))

  const [first] = calicoPods
  await kubectl.ok(['delete', 'pod', first?.metadata.name ?? '', '--namespace=kube-system'])
  const renewed = await until('the pod that takes its place', async () => {
    const pods = await api.list<StoredPod>('pods', 'kube-system', 'labelSelector=k8s-app=calico-node')
    return pods.find(({ metadata }) => !uids(calicoPods).includes(metadata.uid))
  })
  const backend = renewed.spec.containers[0]?.env?.find(({ name }) => name === 'FELIX_IPTABLESBACKEND')
  t.equal(backend?.value, 'NFT', 'a pod deleted by hand comes back with the backend of the policy')
})

function editCalico(...verb: string[]): ReturnType<typeof kubectl.run> {
  const change = verb.pop() ?? ''
  return kubectl.run([...verb, 'daemonset/calico-node', change, '--namespace=kube-system'])
}

void t.test('a rollout by its owner is one rollout', async (t) => {
  const change = ['set', 'image', 'deployment/nightly', 'app=example.com/app:2', '--namespace=batch-night']
  const { code, stderr } = await kubectl.run(change)
  t.equal(code, 0, stderr)
  await untilIs('a second ReplicaSet', async () => (await replicaSets('batch-night', 'app=nightly')).length, 2)
  const { status } = await observed('deployments', 'nightly', 'batch-night')
  t.notMatch(status, { collisionCount: Number })
  t.equal((await replicaSets('batch-night', 'app=nightly')).length, 2)
})

void t.test('the pods of a Job are filled, and the Job is not', async (t) => {
  const metadata = { name: 'once', namespace: 'batch-night' }
  const spec = {
    template: { spec: restricted([{ name: 'app', image: 'example.com/app:1' }], { restartPolicy: 'Never' }) }
  }
  const { code, stderr } = await kubectl.create({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec })
  t.equal(code, 0, stderr)
  const [only] = await podsOnceThere('batch-night', 'job-name=once', 1)
  t.strictSame(only?.spec.containers[0]?.resources, { requests: { cpu: '10m', memory: '32Mi' } })
  t.notMatch(
    JSON.stringify((await api.stored<Deployed>('jobs', 'once', 'batch-night')).spec.template),
    /requests|pidguard/
  )
})

void t.test('no call of a webhook failed', async (t) => {
  t.notMatch(plane.log('kube-apiserver'), /failed calling webhook/i)
})
