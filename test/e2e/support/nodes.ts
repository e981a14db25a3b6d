import type { ApiClient } from './api-client.ts'
import type { ControlPlane } from './control-plane.ts'
import { until } from './wait.ts'

/** Milliseconds; the controller manager takes a node for gone after 40 s without a sign of life. */
const heartbeatEvery = 5_000

/** Stands for a machine: nothing runs there. When it returns, controllers and scheduler take it for a ready node. */
export async function addNode(
  { api, controllers }: ControlPlane,
  name: string,
  labels: Readonly<Record<string, string>> = {}
): Promise<void> {
  const room = { cpu: '8', memory: '64Gi', pods: '110' }
  const conditions = [{ type: 'Ready', status: 'True', reason: 'E2e', message: 'stands for a machine' }]
  const { status, body } = await api.post('/api/v1/nodes', {
    metadata: { name, labels: { 'kubernetes.io/os': 'linux', ...labels } },
    status: { capacity: room, allocatable: room, conditions }
  })
  if (status !== 201) throw new Error(`node ${name}: ${body.message}`)
  if (controllers) await withoutTaints(api, name)
}

/** The API server lets each node begin as not ready; the controller manager looks at its conditions. */
export async function withoutTaints(api: ApiClient, name: string): Promise<void> {
  await until(`${name} without taints`, async () => {
    const stored = (await api.get(`/api/v1/nodes/${name}`)).body as { spec?: { taints?: object[] } }
    return (stored.spec?.taints ?? []).length === 0
  })
}

/** Keeps the nodes ready until the control plane stops, by their Leases, as kubelets do. */
export async function keepAlive(plane: ControlPlane, names: readonly string[]): Promise<void> {
  const beat = () => Promise.all(names.map((name) => renew(plane, name)))
  await until('the first heartbeats', async () => (await beat()).every((done) => done))
  const timer = setInterval(() => void beat().catch(() => {}), heartbeatEvery)
  plane.atStop(async () => clearInterval(timer))
}

/** Nodes that the scheduler takes for machines that are there, until the control plane stops. */
export async function addLivingNodes(plane: ControlPlane, names: readonly string[]): Promise<void> {
  for (const name of names) await addNode(plane, name, { 'kubernetes.io/hostname': name })
  await keepAlive(plane, names)
}

async function renew({ api }: ControlPlane, name: string): Promise<boolean> {
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  const renewTime = new Date().toISOString().replace('Z', '000Z')
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime }
  const { status, body } = await api.get(`${leases}/${name}`)
  const answer = await (status === 200
    ? api.put(`${leases}/${name}`, { ...body, spec })
    : api.post(leases, { metadata: { name }, spec }))
  return answer.status < 300
}
