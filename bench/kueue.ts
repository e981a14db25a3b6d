// What Kueue counts of PIDs, on a real control plane: npm run bench:kueue. Exits with 1 where it is otherwise. See README.md.

import { findAssets } from '../test/e2e/support/assets.ts'
import { askDoctor } from '../test/e2e/support/doctor.ts'
import { until } from '../test/e2e/support/wait.ts'
import {
  Claims,
  change,
  make,
  namespace,
  type PidsOfTemplate,
  podsOf,
  read,
  remove,
  requestOf,
  resource,
  startFleet,
  startPlane,
  templateOf,
  untilRequests
} from './beside/cluster.ts'
import { builtKueue, startKueue } from './beside/kueue.ts'
import { kwokProgram, startKwok } from './kwok/controller.ts'
import { startPidguard } from './kwok/pidguard.ts'

const assets = findAssets(process.env)
if ('missing' in assets) {
  console.error(assets.missing)
  process.exit(2)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

interface Workload {
  readonly metadata: { readonly ownerReferences?: readonly { readonly name: string }[] }
  readonly status?: {
    readonly admission?: {
      readonly podSetAssignments: readonly { readonly resourceUsage?: Readonly<Record<string, string>> }[]
    }
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[]
  }
}

/** Of three workloads of that size a quota of 2000 lets two run. */
const size = 900
const quota = 2_000
const apiVersion = 'kueue.x-k8s.io/v1beta2'
const group = `/apis/${apiVersion}`
const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`
const pods = `/api/v1/namespaces/${namespace}/pods`
const limitRanges = `/api/v1/namespaces/${namespace}/limitranges`
const noRoom = `insufficient unused quota for ${resource}`
const uncovered = `resource ${resource} unavailable in ClusterQueue`

const kwok = kwokProgram()
const built = builtKueue()
const claims = new Claims()
const plane = await startPlane()
try {
  await play()
} finally {
  await plane.stop()
}
process.exitCode = claims.end()

async function play(): Promise<void> {
  await plane.createNamespace(namespace)
  await startKwok(plane, kwok, { doJobsEnd: false })
  const fleet = startFleet(plane)
  for (const name of ['n0', 'n1']) await fleet.add({ name, ceiling: 4_096 })
  const guarding = await startPidguard(plane, 'scheduler', 1)
  await guarding.untilRead(2)
  // doctor reads the policy where an administrator keeps it.
  const policy = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec: {headroom: {schedulePids: true}}\n'
  await change(plane, '/api/v1/namespaces/pidguard-system/configmaps/pidguard-policy', {
    data: { 'policy.yaml': policy }
  })
  const kueue = await startKueue(plane, built)
  await make(plane, `${group}/resourceflavors`, {
    apiVersion,
    kind: 'ResourceFlavor',
    metadata: { name: 'any' },
    spec: {}
  })
  await addQueue('counted', { cpu: '100', memory: '100Gi', [resource]: String(quota) })
  await addQueue('plain', { cpu: '100', memory: '100Gi' })
  await untilRequests(plane)

  console.log('\nJobs whose template has only the annotation')
  const notes = ['note-0', 'note-1', 'note-2']
  for (const name of notes) await addJob(name, { annotation: size })
  for (const name of notes) {
    await claims.wait(`${name} runs`, () => running(name), 1)
    await claims.wait(`${name}: its pod requests`, async () => requestsOf(name), String(size))
    claims.check(`${name}: Kueue counts`, await counted(name), undefined)
  }
  await claims.wait('doctor names them', () => doctorSays('Kueue counts no pidguard.io/pids'), true)
  await clear()

  console.log('\nJobs whose template requests it')
  await claimTwoOfThree('asks', (name) => addJob(name, { request: size }))
  claims.check('the third has no pod', await requestsOf('asks-2'), '')
  await remove(plane, `${jobs}/asks-0`)
  await claims.wait('when one is gone it runs', () => running('asks-2'), 1)
  await clear()

  console.log('\nA namespace whose LimitRange has a default')
  const given = { [resource]: String(size) }
  await make(plane, limitRanges, {
    metadata: { name: 'pids', namespace },
    spec: { limits: [{ type: 'Container', default: given, defaultRequest: given }] }
  })
  await claimTwoOfThree('range', (name) => addJob(name, { annotation: 100 }))
  claims.check('its pods request', await requestsOf('range-0'), String(size))
  await remove(plane, `${limitRanges}/pids`)
  await clear()

  console.log('\nPods by themselves')
  await claimTwoOfThree('pod', (name) => addPod(name, 'counted'))
  await clear()

  console.log('\nA ClusterQueue without a quota of it')
  await addJob('bare-job', { request: size }, 'plain')
  await addPod('bare-pod', 'plain')
  for (const name of ['bare-job', 'bare-pod'])
    await claims.wait(`${name} waits for ever`, async () => (await reason(name)).includes(uncovered), true)
  await claims.wait('doctor names them', () => doctorSays('Kueue holds back what requests pidguard.io/pids'), true)
  await kueue.restart({ excludeResourcePrefixes: ['pidguard.io'] })
  for (const name of ['bare-job', 'bare-pod'])
    await claims.wait(`with excludeResourcePrefixes ${name} runs`, () => running(name), 1)
  await clear()

  console.log('\nA transformation of CPU')
  await kueue.restart({ transformations: [{ input: 'cpu', strategy: 'Retain', outputs: given }] })
  await claimTwoOfThree('core', (name) => addJob(name, { annotation: size, cpu: '1' }))
  await clear()
  await addJob('core-asks', { request: size, cpu: '1' })
  await claims.wait('a template that requests it is counted with both', () => counted('core-asks'), String(2 * size))
}

/** Two run and are counted, the third waits in the queue. */
async function claimTwoOfThree(prefix: string, add: (name: string) => Promise<void>): Promise<void> {
  for (const name of [`${prefix}-0`, `${prefix}-1`]) {
    await add(name)
    await claims.wait(`${name} runs`, () => running(name), 1)
    await claims.wait(`${name}: Kueue counts`, () => counted(name), String(size))
  }
  await add(`${prefix}-2`)
  await claims.wait(`${prefix}-2 waits in the queue`, async () => (await reason(`${prefix}-2`)).includes(noRoom), true)
}

async function addQueue(name: string, covered: Readonly<Record<string, string>>): Promise<void> {
  const resources = Object.entries(covered).map(([each, nominalQuota]) => ({ name: each, nominalQuota }))
  const resourceGroups = [{ coveredResources: Object.keys(covered), flavors: [{ name: 'any', resources }] }]
  await make(plane, `${group}/clusterqueues`, {
    apiVersion,
    kind: 'ClusterQueue',
    metadata: { name },
    spec: { namespaceSelector: {}, resourceGroups }
  })
  await make(plane, `${group}/namespaces/${namespace}/localqueues`, {
    apiVersion,
    kind: 'LocalQueue',
    metadata: { name, namespace },
    spec: { clusterQueue: name }
  })
}

function addJob(name: string, pids: PidsOfTemplate, queue = 'counted'): Promise<void> {
  const template = templateOf(name, pids, { restartPolicy: 'Never' })
  return make(plane, jobs, {
    metadata: { name, namespace, labels: { 'kueue.x-k8s.io/queue-name': queue } },
    spec: { parallelism: 1, completions: 1, template }
  })
}

function addPod(name: string, queue: string): Promise<void> {
  const labels = { app: name, 'kueue.x-k8s.io/queue-name': queue }
  return make(plane, pods, {
    ...templateOf(name, {}),
    metadata: { name, namespace, labels, annotations: { [resource]: String(size) } }
  })
}

async function workloads(): Promise<readonly Workload[]> {
  return (await read<{ items: Workload[] }>(plane, `${group}/namespaces/${namespace}/workloads`)).items
}

async function workloadOf(owner: string): Promise<Workload | undefined> {
  return (await workloads()).find(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === owner))
}

/** Of the resource, against the quota. */
async function counted(owner: string): Promise<string | undefined> {
  return (await workloadOf(owner))?.status?.admission?.podSetAssignments[0]?.resourceUsage?.[resource]
}

/** Why it has no quota. */
async function reason(owner: string): Promise<string> {
  const conditions = (await workloadOf(owner))?.status?.conditions ?? []
  return conditions.find(({ type, status }) => type === 'QuotaReserved' && status === 'False')?.message ?? ''
}

async function running(name: string): Promise<number> {
  return (await podsOf(plane, name)).filter(({ status }) => status.phase === 'Running').length
}

async function requestsOf(name: string): Promise<string> {
  return (await podsOf(plane, name)).map(requestOf).join()
}

async function doctorSays(text: string): Promise<boolean> {
  return (await askDoctor(plane)).stdout.includes(text)
}

async function clear(): Promise<void> {
  const { items } = await read<{ items: { metadata: { name: string } }[] }>(plane, jobs)
  for (const { metadata } of items) await remove(plane, `${jobs}/${metadata.name}`)
  for (const { metadata } of await podsOf(plane)) await plane.api.send('DELETE', `${pods}/${metadata.name}`)
  await until('nothing left', async () => (await podsOf(plane)).length === 0 && (await workloads()).length === 0)
}
