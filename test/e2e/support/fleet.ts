import type { Test } from 'tap'
import { startFakeKubelet } from '../../support/fake-kubelet.ts'
import type { ControlPlane } from './control-plane.ts'
import { withoutTaints } from './nodes.ts'

/** A node as the scheduler sees it, and a kubelet that says of it what the test wants. Nothing runs there. */
export interface FleetNode {
  readonly name: string
  /** Tasks: the ceiling of the kubepods cgroup, and what all pods there hold. May be changed at any time. */
  kubepods: { limit: number; inUse: number }
  /** Tasks of single pods, by uid. */
  pods: Readonly<Record<string, number>>
  /** Its kubelet takes calls and does not answer them. */
  silent: boolean
  /** What its containers have written, as `kubectl logs` shows it. */
  log: string
}

/** Ready for pods when it returns. */
export async function addNode(
  t: Test,
  { api }: ControlPlane,
  name: string,
  kubepods: FleetNode['kubepods'],
  cpu = '8'
): Promise<FleetNode> {
  const node: FleetNode = { name, kubepods, pods: {}, silent: false, log: '' }
  const kubelet = await startFakeKubelet(t, (request, response) => {
    if (node.silent) response.destroy()
    // The API server comes with a certificate.
    else if (request.url?.startsWith('/containerLogs/') === true) response.end(node.log)
    else if (request.headers.authorization === undefined) response.writeHead(401).end()
    else if (request.url === '/configz') response.end(JSON.stringify({ kubeletconfig: config }))
    else response.end(request.url === '/stats/summary' ? summaryOf(node) : cadvisorOf(node))
  })
  const room = { cpu, memory: '16Gi', pods: '110' }
  const { kubeletPort: Port } = kubelet.target(name)
  const { status, body } = await api.post('/api/v1/nodes', {
    metadata: { name, labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name } },
    status: {
      capacity: room,
      allocatable: room,
      conditions: [
        { type: 'Ready', status: 'True', reason: 'E2e', message: 'stands for a machine' },
        { type: 'PIDPressure', status: 'False', reason: 'E2e', message: 'stands for a machine' }
      ],
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port } }
    }
  })
  if (status !== 201) throw new Error(`node ${name}: ${body.message}`)
  await withoutTaints(api, name)
  return node
}

/** Of a kubelet that bounds what it can. */
const config = { podPidsLimit: 1024, systemReserved: { pid: '1000' }, evictionHard: { 'pid.available': '10%' } }

function summaryOf({ name, kubepods }: FleetNode): string {
  const rlimit = { time: new Date().toISOString(), maxpid: 32_768, curproc: kubepods.inUse + 200 }
  return JSON.stringify({ node: { nodeName: name, rlimit }, pods: [] })
}

function cadvisorOf({ kubepods: { limit, inUse }, pods }: FleetNode): string {
  const labels = '{container="",id="/kubepods",image="",name="",namespace="",pod=""}'
  const ofPods = Object.entries(pods).map(
    ([uid, count]) => `container_threads{id="/kubepods/burstable/pod${uid}"} ${count}\n`
  )
  return `container_threads${labels} ${inUse} ${Date.now()}\ncontainer_threads_max${labels} ${limit} ${Date.now()}\n${ofPods.join('')}`
}
