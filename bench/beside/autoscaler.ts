// Cluster Autoscaler beside a control plane, with its own provider for kwok: it makes Node objects, and here each gets a kubelet.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'
import { freePorts } from '../../test/e2e/support/ports.ts'
import { logTail, type RunningProgram, startProgram } from '../../test/e2e/support/processes.ts'
import { until } from '../../test/e2e/support/wait.ts'
import type { Fleet } from '../kwok/fleet.ts'
import { watch } from '../kwok/watch.ts'
import { change, make, resource } from './cluster.ts'

const ours = 'kube-system'
const pool = 'pool'
const ofPool = { 'cluster-autoscaler.kwok.nodegroup/name': pool }
/** Tasks of kubepods, of each node. */
const ceiling = 4_096

/** For four of the pods that are asked for; by CPU it would be six. */
const room = { cpu: '4', memory: '64Gi', pods: '110' }

/** What a group says of nodes that it has not made yet. `pids`: of the resource; undefined: nothing. */
function templateOf(pids: number | undefined): object {
  const all = pids === undefined ? room : { ...room, [resource]: String(pids) }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: pool,
      annotations: { ...ofPool, 'cluster-autoscaler.kwok.nodegroup/max-count': '12' },
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': pool, group: pool }
    },
    spec: {},
    status: { allocatable: all, capacity: all }
  }
}

export interface Autoscaler {
  /** The end of what it wrote. */
  log(lines: number): string
  stop(): Promise<void>
}

interface Options {
  readonly program: string
  /** What the template of the group offers of pidguard.io/pids. */
  readonly pids: number | undefined
  /** More flags, with their dashes. */
  readonly flags?: readonly string[]
}

/** It looks at the cluster every ten seconds, as by default, and takes away nodes that nobody needed for half a minute. */
export async function startAutoscaler(
  plane: ControlPlane,
  { program, pids, flags = [] }: Options
): Promise<Autoscaler> {
  const { kubectl } = plane
  const config = {
    apiVersion: 'v1alpha1',
    readNodesFrom: 'configmap',
    nodegroups: { fromNodeAnnotationKey: 'cluster-autoscaler.kwok.nodegroup/name' },
    nodes: { skipTaint: true },
    configmap: { name: 'kwok-provider-templates', key: 'templates' }
  }
  const maps: [string, object][] = [
    ['kwok-provider-config', { config: JSON.stringify(config) }],
    [
      'kwok-provider-templates',
      { templates: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [templateOf(pids)] }) }
    ]
  ]
  for (const [name, data] of maps)
    await kubectl.ok(
      ['apply', '--filename=-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: ours }, data })
    )
  const [port = 0] = await freePorts(1)
  const folder = mkdtempSync(join(plane.folder, 'autoscaler-'))
  const kubeconfig = join(plane.folder, 'kubeconfig')
  const running: RunningProgram = await startProgram({
    program,
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--cloud-provider=kwok',
      `--namespace=${ours}`,
      `--address=127.0.0.1:${port}`,
      '--leader-elect=false',
      '--scale-down-unneeded-time=30s',
      '--scale-down-delay-after-add=30s',
      '--unremovable-node-recheck-timeout=10s',
      '--skip-nodes-with-system-pods=false',
      '--v=4',
      ...flags
    ],
    logFile: join(folder, 'log'),
    cwd: folder,
    env: { ...process.env, KWOK_PROVIDER_MODE: 'local', KUBECONFIG: kubeconfig, POD_NAMESPACE: ours }
  })
  const stop = async (): Promise<void> => void (running.exit() ?? (await running.stop('SIGKILL')))
  plane.atStop(stop)
  await until('Cluster Autoscaler looks', async () => {
    if (running.exit() !== undefined) throw new Error(`Cluster Autoscaler ended:\n${logTail(running.logFile)}`)
    return fetch(`http://127.0.0.1:${port}/health-check`).then(
      ({ ok }) => ok,
      () => false
    )
  })
  return { log: (lines) => logTail(running.logFile, lines), stop }
}

interface ApiNode {
  readonly metadata: {
    readonly name: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly creationTimestamp: string
  }
  readonly spec: { readonly taints?: readonly { readonly key: string }[] }
  readonly status: { readonly allocatable?: Readonly<Record<string, string>>; readonly addresses?: readonly object[] }
}

/** The nodes of the group, as the API server shows them. */
export class Pool {
  readonly nodes = new Map<string, ApiNode>()
  /** Names of all that there ever were. */
  readonly made = new Set<string>()

  /** `answersAfter`: milliseconds from a node's first sight until its kubelet has an address. */
  constructor(plane: ControlPlane, fleet: Fleet, answersAfter: number) {
    watch<ApiNode>(plane, '/api/v1/nodes', {
      onReset: () => this.nodes.clear(),
      on: (change, node) => {
        const { name, annotations } = node.metadata
        if (annotations?.['cluster-autoscaler.kwok.nodegroup/name'] !== pool) return
        if (change === 'DELETED') this.nodes.delete(name)
        else this.nodes.set(name, node)
        if (this.made.has(name)) return
        this.made.add(name)
        setTimeout(() => void give(plane, fleet, name).catch(console.error), answersAfter)
      }
    })
  }

  /** What each offers. */
  get offers(): (string | undefined)[] {
    return [...this.nodes.values()].map(({ status }) => status.allocatable?.[resource])
  }

  get tainted(): string[] {
    return [...this.nodes.values()]
      .filter(({ spec }) => spec.taints?.some(({ key }) => key === 'pidguard.io/low-pids'))
      .map(({ metadata }) => metadata.name)
  }
}

async function give(plane: ControlPlane, fleet: Fleet, name: string): Promise<void> {
  const Port = await fleet.listen({ name, ceiling })
  await change(plane, `/api/v1/nodes/${name}/status`, {
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port } }
    }
  })
}

/** A node of the group that is there before the autoscaler is. */
export async function addToPool(plane: ControlPlane, name: string): Promise<void> {
  await make(plane, '/api/v1/nodes', {
    metadata: {
      name,
      annotations: { ...ofPool, 'kwok.x-k8s.io/node': 'fake' },
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name, group: pool }
    },
    spec: { providerID: `kwok:${name}` },
    status: { capacity: room, allocatable: room }
  })
}
