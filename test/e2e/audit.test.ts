import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { request } from 'undici'
import { podKind } from '../../src/audit/listed-kinds.ts'
import { type KubeApi, KubeClient } from '../../src/kube/client.ts'
import { findCredentials } from '../../src/kube/credentials.ts'
import { ObjectLists } from '../../src/kube/object-lister.ts'
import { isRecord } from '../../src/lib/json/shape.ts'
import type { AuditReport } from '../../src/report/audit/audit-report.ts'
import { systemClock } from '../support/fake-api.ts'
import { startFakeKubelet } from '../support/fake-kubelet.ts'
import { audit } from './support/audit.ts'
import { startControlPlane } from './support/control-plane.ts'
import { limitedUser } from './support/limited-user.ts'
import { calicoNode, deployment, pod, restricted, type StoredPod, someRequests } from './support/objects.ts'
import { newestServed } from './support/served.ts'
import { until, untilIs } from './support/wait.ts'

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../manifests/audit.schema.json'), 'utf8'))
const isValid = new Ajv2020({ formats: { 'date-time': true } }).compile(schema)

const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl, api } = plane

async function reportOf(kubeconfig: string, ...args: string[]): Promise<AuditReport> {
  const { stdout, stderr } = await audit(kubeconfig, '-o', 'json', ...args)
  if (stdout === '') throw new Error(stderr)
  const report = JSON.parse(stdout) as AuditReport
  if (!isValid(report)) throw new Error(JSON.stringify(isValid.errors))
  return report
}

const admin = join(plane.folder, 'kubeconfig')
for (const namespace of ['shop', 'bulk']) await plane.createNamespace(namespace)
await addNode('node-a')
await kubectl.create(deployment({ name: 'web', namespace: 'shop' }, 3))
await kubectl.create(deployment({ name: 'boom', namespace: 'shop' }, 2, someRequests))
await kubectl.create(calicoNode('kube-system', { env: [{ name: 'FELIX_IPTABLESBACKEND', value: 'NFT' }] }))
await kubectl.create({
  apiVersion: await newestServed(api, 'batch', 'cronjobs'),
  kind: 'CronJob',
  metadata: { name: 'night', namespace: 'shop' },
  spec: {
    // Twelve hours from now: no Job of it may come while the test runs.
    schedule: `0 ${(new Date().getHours() + 12) % 24} * * *`,
    jobTemplate: {
      spec: {
        template: { spec: restricted([{ name: 'app', image: 'example.com/app:1' }], { restartPolicy: 'Never' }) }
      }
    }
  }
})
await createFelixConfiguration()
const boom = await running('shop', 'app=boom', 2)
await running('shop', 'app=web', 3)
await running('kube-system', 'k8s-app=calico-node', 1)

/** Stands for a machine: controllers and scheduler take it for a ready node. */
async function addNode(name: string): Promise<void> {
  const room = { cpu: '8', memory: '16Gi', pods: '500' }
  const conditions = ['Ready', 'PIDPressure'].map((type) => ({ type, status: type === 'Ready' ? 'True' : 'False' }))
  const { status, body } = await api.post('/api/v1/nodes', {
    metadata: { name },
    status: { capacity: room, allocatable: room, conditions }
  })
  if (status !== 201) throw new Error(`node ${name}: ${body.message}`)
}

/** No kubelet says so here. */
async function running(namespace: string, selector: string, count: number): Promise<readonly StoredPod[]> {
  const pods = await until(`${count} pods ${selector}`, async () => {
    const found = await api.list<StoredPod & { spec: { nodeName?: string } }>(
      'pods',
      namespace,
      `labelSelector=${selector}`
    )
    return found.length === count && found.every(({ spec }) => spec.nodeName !== undefined) && found
  })
  for (const { metadata } of pods) {
    const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}`
    const { body } = await api.get(path)
    const { status } = await api.put(`${path}/status`, { ...body, status: { phase: 'Running' } })
    if (status !== 200) throw new Error(`status of ${metadata.name}: ${status}`)
  }
  return pods
}

async function createFelixConfiguration(): Promise<void> {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  await kubectl.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'felixconfigurations.crd.projectcalico.org' },
    spec: {
      group: 'crd.projectcalico.org',
      names: { kind: 'FelixConfiguration', plural: 'felixconfigurations', singular: 'felixconfiguration' },
      scope: 'Cluster',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: open } }]
    }
  })
  const object = {
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'FelixConfiguration',
    metadata: { name: 'default' },
    spec: { iptablesBackend: 'Legacy' }
  }
  await untilIs('FelixConfigurations are served', async () => (await kubectl.create(object)).code, 0)
}

/** What a kubelet would say while incident 000 replays: kubepods far below its node, two pods with most of it. */
const kubelet = await startFakeKubelet(t, ({ url }, response) => {
  if (url === '/configz') {
    response.end(JSON.stringify({ kubeletconfig: { podPidsLimit: -1, evictionHard: { 'memory.available': '100Mi' } } }))
  } else if (url === '/stats/summary') {
    response.end(JSON.stringify({ node: { rlimit: { maxpid: 32_768, curproc: 1_197, time: new Date() } } }))
  } else {
    const pods = boom.map(({ metadata }) => `container_threads{id="/kubepods/burstable/pod${metadata.uid}"} 502`)
    response.end(
      ['container_threads{id="/kubepods"} 1006', 'container_threads_max{id="/kubepods"} 1500', ...pods, ''].join('\n')
    )
  }
})
const { kubeletPort } = kubelet.target('node-a')
const nodes = [`--kubelet-address=node-a=127.0.0.1:${kubeletPort}`, '--kubelet-insecure']

function told({ findings }: AuditReport): string[] {
  return findings.map(
    ({ level, ruleId, object, children }) =>
      `${level} ${ruleId} ${object.kind} ${object.namespace}/${object.name} ${children}`
  )
}

void t.test('a cluster with everything wrong: each thing once, with what to do first', async (t) => {
  const report = await reportOf(admin, ...nodes)
  t.strictSame(told(report), [
    'deny best-effort CronJob shop/night 0',
    'deny best-effort Deployment shop/web 3',
    'warn calico-backend-conflict DaemonSet kube-system/calico-node 0',
    'change calico-update-strategy DaemonSet kube-system/calico-node 0',
    'audit pod-thread-outlier Deployment shop/boom 2',
    'audit node-kubepods-drift Node /node-a 0',
    'audit node-pid-max Node /node-a 0',
    'audit node-pod-pids-limit Node /node-a 0',
    'audit node-pid-reservation Node /node-a 0',
    'audit node-pid-eviction Node /node-a 0'
  ])
  t.strictSame(
    report.actions.slice(0, 2).map(({ ruleId }) => ruleId),
    ['pod-thread-outlier', 'node-kubepods-drift']
  )
  t.match(report.nodes, [
    {
      node: 'node-a',
      host: { limit: 32_768, inUse: 1_197 },
      kubepods: { limit: 1_500, inUse: 1_006 },
      kubelet: { podPidsLimit: 'unlimited', reserved: 0, eviction: null },
      missing: []
    }
  ])
  t.strictSame(report.gaps, [])
  t.match(report.source, { kind: 'cluster', name: plane.url, readings: 'kubelet' })
  t.match(report.workloads[0], { kind: 'Deployment', name: 'boom', pids: 1_004, pods: 2, read: 2 })
})

void t.test('against an earlier report, only what is new makes it fail', async (t) => {
  const earlier = join(plane.folder, 'earlier.json')
  t.equal((await audit(admin, '-o', `json=${earlier}`, ...nodes)).code, 1)
  const again = await audit(admin, '--since', earlier, ...nodes)
  t.not(again.code, 1, again.stdout)
  t.match(again.stdout, /0 new, 10 unchanged, 0 fixed/)
  await kubectl.ok(['create', '--filename=-'], JSON.stringify(pod({ name: 'lone', namespace: 'shop' })))
  const more = await audit(admin, '--since', earlier, ...nodes)
  t.equal(more.code, 1)
  t.match(more.stdout, /deny new Pod shop\/lone/)
  await kubectl.ok(['delete', 'pod/lone', '-n=shop', '--grace-period=0', '--force'])
})

void t.test('kubelets that cannot be reached are told, and what can be judged is', async (t) => {
  const report = await reportOf(admin)
  t.match(report.gaps, [
    { part: 'node readings', reason: 'no-address', nodes: 1 },
    { part: 'nodes/configz', reason: 'no-address', nodes: 1 }
  ])
  t.ok(told(report).includes('deny best-effort Deployment shop/web 3'))
  t.ok(report.skips.some(({ ruleId }) => ruleId === 'node-kubepods-drift'))
})

void t.test('a user who may not see everything is told what is missing, and it is not clean', async (t) => {
  const list = (apiGroups: string[], ...resources: string[]) => ({ apiGroups, resources, verbs: ['list'] })
  const user = await limitedUser(plane, 'shop', 'reader', [
    list([''], 'nodes', 'namespaces'),
    list(['apps'], 'deployments', 'daemonsets')
  ])
  const report = await reportOf(user, '--fail-on=audit', ...nodes)
  t.strictSame(
    report.gaps.map(({ part, reason }) => `${part} ${reason}`),
    [
      'controllerrevisions.apps forbidden',
      'cronjobs.batch forbidden',
      // Both API groups refuse, and a refusal does not say whether the group is served. The newer one stands for both.
      'felixconfigurations.projectcalico.org forbidden',
      'jobs.batch forbidden',
      'limitranges forbidden',
      'pods forbidden',
      'replicasets.apps forbidden',
      'replicationcontrollers forbidden',
      'statefulsets.apps forbidden'
    ]
  )
  t.match(
    report.gaps.find(({ part }) => part.startsWith('felixconfigurations'))?.detail,
    'list on felixconfigurations.projectcalico.org and felixconfigurations.crd.projectcalico.org is needed'
  )
  t.match(told(report)[0], 'warn best-effort Deployment shop/web 0', 'LimitRanges are not known, so it is no denial')
  t.ok(report.skips.some(({ reason }) => reason === 'FelixConfigurations not known'))

  const blind = await limitedUser(plane, 'shop', 'blind', [])
  const { code, stdout } = await audit(blind)
  t.equal(code, 4, 'nothing found is not clean where nothing was seen')
  t.match(stdout, /not complete: \d+ parts could not be looked at/)
})

void t.test('a long list is read to its end, also when the API server forgets it half-way', async (t) => {
  const count = 250
  for (let n = 0; n < count; n++) {
    const { status } = await api.post(
      '/api/v1/namespaces/bulk/pods',
      pod({ name: `p-${n}`, namespace: 'bulk' }, someRequests)
    )
    if (status !== 201) throw new Error(`pod ${n}: ${status}`)
  }
  const credentials = await findCredentials({ kubeconfig: admin, context: undefined, env: {}, clock: systemClock })
  const client = new KubeClient(credentials)
  t.teardown(() => client.close())
  const asked: (string | undefined)[] = []
  const forgetful: KubeApi = {
    call: (path, options) => client.call(path, options),
    async open(path, options) {
      const next = options?.query?.['continue']
      asked.push(next === undefined ? undefined : String(next))
      // Between the first page and the second everything older than now is dropped.
      if (asked.length === 2) await compact()
      return client.open(path, options)
    }
  }
  const seen: string[] = []
  const lists = new ObjectLists(forgetful, { step() {} }, new AbortController().signal)
  const failures = await lists.each([podKind], ({ metadata }) => {
    if (isRecord(metadata) && metadata['namespace'] === 'bulk') seen.push(String(metadata['name']))
  })
  t.strictSame(failures, [])
  t.equal(new Set(seen).size, count)
  t.equal(seen.length, count, 'none twice')
  t.not(asked[1], asked[2], 'it went on with the token of the refusal')
})

/** As the API server does every five minutes. */
async function compact(): Promise<void> {
  // Its newest revision: of a write that is made for it.
  await kubectl.ok(['annotate', 'namespace/bulk', `compacted=${Date.now()}`, '--overwrite'])
  const post = async (path: string, body: object) => {
    const answer = await request(`${plane.etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    return (await answer.body.json()) as { header: { revision: string } }
  }
  const { header } = await post('range', { key: Buffer.from('x').toString('base64') })
  await post('compaction', { revision: header.revision, physical: true })
}

void t.test('with readings of a snapshot it is still the cluster that is audited; calls are spread', async (t) => {
  const snapshot = join(import.meta.dirname, '../fixtures/snapshots/kubepods-full.yaml')
  const start = performance.now()
  const report = await reportOf(admin, '--readings=snapshot', `--snapshot=${snapshot}`, '--kube-api-qps=5')
  t.ok(performance.now() - start > 2_000, 'eleven kinds are at least eleven calls')
  t.strictSame(report.source, { kind: 'cluster', name: plane.url, readings: 'snapshot' })
  t.match(report.summary, { nodes: 1, nodesRead: 1 })
  t.ok(told(report).includes('audit node-kubepods-drift Node /node-a 0'), told(report).join('\n'))
  t.ok(told(report).some((line) => line.startsWith('deny best-effort Deployment shop/web')))
  t.strictSame(report.gaps, [])
  t.ok(
    report.notes.some((note) => note.includes('how kubelets are configured')),
    report.notes.join('\n')
  )
})

void t.test('no cluster is exit code 3', async (t) => {
  const gone = join(plane.folder, 'gone')
  writeFileSync(gone, readFileSync(admin, 'utf8').replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'))
  const { code, stderr } = await audit(gone)
  t.equal(code, 3)
  t.match(stderr, /cannot be listed/)
})
