import { compareTexts } from '../lib/compare-text.ts'
import type { NodeMoment } from './moments.ts'

/** Who sets up the nodes, and so in whose words a setting is written. */
export type Platform = 'eks' | 'gke' | 'aks' | 'kubeadm'

/** Nodes that are set up alike. */
export interface Pool {
  readonly name: string
  readonly platform: Platform
  readonly moments: readonly NodeMoment[]
}

/** Labels that name the pool of a node, the surest first, and whose they are. */
const poolLabels: readonly (readonly [label: string, platform: Platform])[] = [
  ['eks.amazonaws.com/nodegroup', 'eks'],
  ['alpha.eksctl.io/nodegroup-name', 'eks'],
  ['karpenter.sh/nodepool', 'eks'],
  ['cloud.google.com/gke-nodepool', 'gke'],
  ['kubernetes.azure.com/agentpool', 'aks']
]

const controlPlane = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

/** Pools by their names. Nodes of different ceilings or memory are different pools, whatever their labels. */
export function poolsOf(nodes: readonly NodeMoment[]): Pool[] {
  const groups = Map.groupBy(nodes, (moment) => `${nameOf(moment)} ${kindOf(moment)}`)
  const names = new Map<string, number>()
  return [...groups]
    .toSorted(([a], [b]) => compareTexts(a, b))
    .map(([, moments]) => {
      const [first] = moments
      const name = first === undefined ? '' : nameOf(first)
      const count = (names.get(name) ?? 0) + 1
      names.set(name, count)
      return { name: count === 1 ? name : `${name}-${count}`, platform: platformOf(first), moments }
    })
}

function nameOf({ labels }: NodeMoment): string {
  const own = poolLabels.map(([label]) => labels[label]).find((value) => value !== undefined && value !== '')
  if (own !== undefined) return own
  return controlPlane.some((label) => label in labels) ? 'control-plane' : 'workers'
}

/** By what its ceiling depends on: the machine. One that was raised meanwhile is still the same node. */
function kindOf({ labels, memory, host }: NodeMoment): string {
  const type = labels['node.kubernetes.io/instance-type']
  // Nodes of one type differ by some MiB.
  return type ?? (memory === undefined ? `limit ${host.limit}` : `${Math.round(memory / 2 ** 30)} GiB`)
}

function platformOf(moment: NodeMoment | undefined): Platform {
  const labels = moment?.labels ?? {}
  return poolLabels.find(([label]) => label in labels)?.[1] ?? 'kubeadm'
}
