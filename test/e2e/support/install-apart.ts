import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kubeletAuthority } from '../../support/fake-kubelet.ts'
import type { ControlPlane } from './control-plane.ts'
import { type Component, type Installation, install, patience, type Replica, type Running } from './installation.ts'
import { untilIs } from './wait.ts'

export interface ApartInstallation extends Installation {
  /** How many pods the Deployment has, which is how many replicas each of them takes there to be. */
  scale(count: number): Promise<void>
  readonly controller: Running
}

interface Apart {
  /** In place of that of the ConfigMap. */
  readonly policy?: string
  /** Options of the controller. */
  readonly controller?: readonly string[]
}

/**
 * The default overlay, where a scheduler runs, with one controller. Replicas are processes here: the pods of their Deployment only say how many there
 * are, and wait for a node that is none of these. None of them when it returns.
 */
export async function installApart(
  plane: ControlPlane,
  nodes: readonly string[],
  components: readonly Component[],
  { policy, controller: options = [] }: Apart = {}
): Promise<ApartInstallation> {
  const { kubectl, api } = plane
  const ours = '--namespace=pidguard-system'
  const own = ['deployment/pidguard', ours]
  const scale = async (count: number): Promise<void> => {
    await kubectl.ok(['scale', ...own, `--replicas=${count}`])
  }
  const all = async (verb: 'cordon' | 'uncordon') => void (nodes.length > 0 && (await kubectl.ok([verb, ...nodes])))
  await all('cordon')
  const installation = await install(plane, 'default', components, patience)
  const elsewhere = { spec: { template: { spec: { nodeSelector: { 'kubernetes.io/hostname': 'elsewhere' } } } } }
  await scale(0)
  for (const name of ['pidguard-controller', ...(components.includes('guard') ? ['pidguard-guard'] : [])])
    await kubectl.ok(['scale', `deployment/${name}`, ours, '--replicas=0'])
  await kubectl.ok(['patch', ...own, `--patch=${JSON.stringify(elsewhere)}`])
  await untilIs('none of them', async () => (await api.list('pods', 'pidguard-system', '')).length, 0)
  await all('uncordon')
  if (policy !== undefined) installation.writePolicy(policy)
  // No process here can resolve the name of its Service.
  const guard = components.includes('guard') ? [`--guard=https://localhost:${installation.guardPort}`] : []
  return { ...installation, scale, controller: await installation.startController(...guard, ...options) }
}

/** Returns when the replica has seen every pod there is, and no other: its own among them, by which it counts replicas. */
export async function untilAllPodsSeen({ api }: ControlPlane, replica: Replica): Promise<void> {
  await untilIs(
    'every pod seen',
    async () => {
      const { body } = await api.get('/api/v1/pods')
      const { items } = body as { items?: readonly object[] }
      return (await replica.metric('pidguard_cache_objects{resource="pods"}')) === items?.length
    },
    true,
    replica.saw
  )
}

/** A replica that reads kubelets each second, once it has read so many nodes and seen every pod. */
export async function startReadingReplica(
  plane: ControlPlane,
  installation: Installation,
  nodes: number
): Promise<Replica> {
  const kubeletCa = join(plane.folder, 'kubelet-ca.crt')
  writeFileSync(kubeletCa, kubeletAuthority.cert)
  const replica = await installation.start('--readings=kubelet', '--readings-interval=1s', `--kubelet-ca=${kubeletCa}`)
  await replica.ready()
  await untilIs('fresh readings', () => replica.metric('pidguard_nodes{known="fresh"}'), nodes, replica.saw)
  await untilAllPodsSeen(plane, replica)
  return replica
}
