// PIDs as a resource of the scheduler, on a real kubelet: the incident, in which two pods wait instead of hurting the node; the
// kubelet restarted at every point of it; a node lowered while a pod is bound to it; and the way back.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { Kubepods } from '../drill/kernel.ts'
import { Workloads } from '../drill/workloads.ts'
import { startControlPlane } from './support/control-plane.ts'
import { install, patience } from './support/installation.ts'
import { missingForNode, startNode } from './support/node.ts'
import type { StoredPod } from './support/objects.ts'
import { until, untilIs } from './support/wait.ts'

const missing = missingForNode(process.env)
if (missing === undefined) await playScheduler()
else t.plan(0, `a real kubelet cannot be started here: ${missing}`)

interface ScheduledPod extends StoredPod {
  readonly spec: StoredPod['spec'] & { readonly nodeName?: string }
  readonly status: StoredPod['status'] & {
    readonly phase: string
    readonly reason?: string
    readonly conditions?: readonly { readonly type: string; readonly message?: string }[]
  }
}

async function playScheduler(): Promise<void> {
  const ceiling = 1_500
  const resource = 'pidguard.io/pids'
  const plane = await startControlPlane({ controllers: true, scheduler: true })
  t.teardown(() => plane.stop())
  const { kubectl, api } = plane
  const workloads = new Workloads(plane)
  t.teardown(() => workloads.removeFiles())
  const read = (name: string): number => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'))
  // The kubelet itself sets kubepods to what is left, also when it starts again.
  const reserved = Math.min(read('pid_max'), read('threads-max')) - ceiling
  const node = await startNode(plane, { config: { systemReserved: { pid: String(reserved) } } })
  t.teardown(() => node.stop())
  const kubepods = new Kubepods(node.kubepods)
  t.teardown(() => kubepods.stop())
  await plane.createNamespace(workloads.namespace, { 'kubernetes.io/metadata.name': workloads.namespace })
  const installation = await install(
    plane,
    'default',
    plane.version.minor >= 30 ? ['scheduler', 'own-rights'] : ['scheduler'],
    patience
  )
  installation.writePolicy(`
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  headroom: {floor: 10%, maxAge: 60s, schedulePids: true}
`)
  const readings = ['--readings=kubelet', `--kubelet-ca=${node.authority}`, '--readings-interval=2s']
  const controller = await installation.startController(...readings)
  const replica = await installation.start(...readings)
  await replica.ready()

  const offered = async (): Promise<string | undefined> => {
    const { body } = await api.get(`/api/v1/nodes/${node.name}`)
    const { capacity, allocatable } = (body as { status: Record<'capacity' | 'allocatable', Record<string, string>> })
      .status
    return capacity[resource] === allocatable[resource] ? capacity[resource] : undefined
  }
  const isRoomForTwo = (text: string | undefined): boolean => Number(text) >= 1_004 && Number(text) <= 1_350
  const pods = () => api.list<ScheduledPod>('pods', workloads.namespace, '')
  const running = async () =>
    (await workloads.pods('crowd'))
      .filter(({ isReady }) => isReady)
      .map(({ uid, restarts }) => `${uid} ${restarts}`)
      .sort()
  const waiting = async () =>
    (await pods()).filter(({ status }) =>
      status.conditions?.some(({ message = '' }) => message.includes(`Insufficient ${resource}`))
    ).length

  void t.test('the node offers what is free above its floor', async (t) => {
    t.equal(kubepods.limit, ceiling)
    // Under kubepods 1500 less 150; under the node, with all that this machine runs, it may be less.
    await until('room for two pods of 502, and not for three', async () => isRoomForTwo(await offered()))
  })

  void t.test('four pods of 500 threads: two run, two are Pending for PIDs, and no fork is refused', async (t) => {
    await until(
      'the webhook knows the offer',
      async () => {
        const { stdout } = await workloads.create(workloads.pod('try', 1), '--dry-run=server', '--output=yaml')
        return stdout.includes(`${resource}: "3"`)
      },
      120_000
    )
    const made = await workloads.create(workloads.deployment('crowd', 4, 500))
    t.equal(made.code, 0, made.stderr)
    await untilIs('two that run', async () => (await running()).length, 2)
    await untilIs('two that wait', waiting, 2)
    for (const { spec } of await pods()) {
      t.match(spec.containers[0]?.resources, { requests: { [resource]: '502' }, limits: { [resource]: '502' } })
    }
    t.ok(isRoomForTwo(await offered()))
    t.equal(kubepods.refusals, 0)
    t.match(await kubectl.ok(['describe', 'node', node.name]), /pidguard\.io\/pids +1004 +1004/)
  })

  void t.test('a restart of the kubelet ends no pod', async (t) => {
    const before = await running()
    await node.restartKubelet()
    t.strictSame(await running(), before)
    t.equal(await waiting(), 2)
  })

  void t.test('nor does one while the node has less than it offered: it offers what its pods request', async (t) => {
    const before = await running()
    kubepods.limit = 1_100
    await untilIs('the lower offer', offered, '1004')
    await node.restartKubelet()
    t.strictSame(await running(), before)
    // The kubelet has set its own limit again.
    await until('the old offer', async () => Number(await offered()) > 1_004 && isRoomForTwo(await offered()))
    t.equal(kubepods.refusals, 0)
  })

  void t.test('a pod that is bound while the node is lowered is refused by the kubelet, and counted', async (t) => {
    const [late] = (await pods()).filter(({ spec }) => spec.nodeName === undefined)
    const before = await running()
    const { status, body } = await api.post(
      `/api/v1/namespaces/${workloads.namespace}/pods/${late?.metadata.name}/binding`,
      { metadata: { name: late?.metadata.name }, target: { kind: 'Node', name: node.name } }
    )
    t.equal(status, 201, String(body.message))
    await until('the refusal', async () =>
      (await pods()).some(({ metadata, status }) => {
        return metadata.uid === late?.metadata.uid && status.reason === `OutOf${resource}`
      })
    )
    await untilIs('the count', () => controller.metric('pidguard_out_of_pids_pods_total'), 1)
    await untilIs('another pod in its place', waiting, 2)
    t.strictSame(await running(), before, 'a pod that runs is never touched')
  })

  void t.test('where a pod ends, one that waits begins', async (t) => {
    const [first] = (await workloads.pods('crowd')).filter(({ isReady }) => isReady)
    await kubectl.ok(['delete', 'pod', String(first?.name), `--namespace=${workloads.namespace}`])
    await until(
      'two others that run',
      async () => {
        const now = await running()
        return now.length === 2 && !now.some((line) => line.startsWith(String(first?.uid)))
      },
      120_000
    )
    t.equal(kubepods.refusals, 0)
  })

  void t.test('a pod of higher priority preempts one, as for any resource', async (t) => {
    const { stderr, code } = await kubectl.create({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'urgent' },
      value: 1_000
    })
    t.equal(code, 0, stderr)
    const pod = workloads.pod('urgent', 500) as { spec: object }
    const made = await workloads.create({ ...pod, spec: { ...pod.spec, priorityClassName: 'urgent' } })
    t.equal(made.code, 0, made.stderr)
    await workloads.untilReady('urgent', 1)
    await untilIs('one of the others that runs', async () => (await running()).length, 1)
    await untilIs('three that wait', waiting, 3)
    t.equal(kubepods.refusals, 0)
    await kubectl.ok(['delete', 'pod', 'urgent', `--namespace=${workloads.namespace}`])
    await untilIs('two that run', async () => (await running()).length, 2)
  })

  void t.test('a quota counts the requests, and asks no pod for one', async (t) => {
    const asked = `requests.${resource}`
    const quota = (namespace: string, most: number) => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'pids', namespace },
      spec: { hard: { [asked]: String(most) } }
    })
    const used = async (namespace: string): Promise<string | undefined> => {
      const { body } = await api.get(`/api/v1/namespaces/${namespace}/resourcequotas/pids`)
      return (body as { status?: { used?: Record<string, string> } }).status?.used?.[asked]
    }
    t.equal((await kubectl.create(quota(workloads.namespace, 2_100))).code, 0)
    await untilIs('what four pods request', () => used(workloads.namespace), String(4 * 502))
    const { code, stderr } = await workloads.create(workloads.pod('much', 100), '--dry-run=server')
    t.equal(code, 1)
    t.match(stderr, `exceeded quota: pids, requested: ${asked}=102, used: ${asked}=2008, limited: ${asked}=2100`)
    await kubectl.ok(['delete', 'resourcequota', 'pids', `--namespace=${workloads.namespace}`])

    const left = `${workloads.namespace}-left`
    await plane.createNamespace(left, { 'pidguard.io/admission': 'ignore' })
    t.equal((await kubectl.create(quota(left, 100))).code, 0)
    await untilIs('nothing', () => used(left), '0')
    const pod = workloads.pod('without', 1) as { metadata: object }
    const without = { ...pod, metadata: { ...pod.metadata, namespace: left } }
    const made = await workloads.create(without, '--dry-run=server', '--output=json')
    t.equal(made.code, 0, made.stderr)
    const [container] = (JSON.parse(made.stdout) as StoredPod).spec.containers
    t.notMatch(JSON.stringify(container?.resources), resource, 'it got no request')
  })

  void t.test(
    'without pidguard, one command takes it all back, and a restart of the kubelet ends no pod',
    async (t) => {
      await Promise.all([controller.stop(), replica.stop()])
      await kubectl.ok(['delete', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', 'pidguard'])
      const page = readFileSync(resolve(import.meta.dirname, '../../docs/headroom.md'), 'utf8')
      const [, command = ''] = /^ {4}(kubectl get nodes -o name .*)$/m.exec(page) ?? []
      const before = await running()
      await promisify(execFile)('bash', ['-c', command], {
        env: { ...process.env, KUBECONFIG: join(plane.folder, 'kubeconfig') }
      })
      await untilIs('no offer', async () => String(await offered()), 'undefined')
      await node.restartKubelet()
      t.equal(await offered(), undefined, 'and the kubelet does not bring it back')
      t.strictSame(await running(), before)
    }
  )
}
