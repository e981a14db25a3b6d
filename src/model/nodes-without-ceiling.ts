import type { NodeFacts } from './cluster-objects.ts'

/** Why a node has no ceiling of PIDs to be asked for. */
export const withoutCeilingReasons = ['windows', 'virtual', 'labelled'] as const
export type WithoutCeiling = (typeof withoutCeilingReasons)[number]

/** On a Node: its PIDs have no limit, or are another program's care. Its kubelet is not asked, and pods always fit there. */
const unlimitedLabel = 'pidguard.io/pids'

/** For a person. */
export const withoutCeilingTexts: Readonly<Record<WithoutCeiling, string>> = {
  windows: 'no PID ceiling: Windows',
  virtual: 'no PID ceiling: a virtual node',
  labelled: `no PID ceiling: labelled ${unlimitedLabel}=unlimited`
}

/**
 * Nodes without the question. Windows has no limit of processes, its kubelet reports none and takes no podPidsLimit, and
 * pid.available is no signal there (kubernetes pull 141702). A virtual-kubelet, liqo or kwok node is no machine.
 */
export function withoutCeilingOf({
  labels = {},
  taints = []
}: Partial<Pick<NodeFacts, 'labels' | 'taints'>>): WithoutCeiling | undefined {
  if (labels[unlimitedLabel] === 'unlimited') return 'labelled'
  if ((labels['kubernetes.io/os'] ?? labels['beta.kubernetes.io/os']) === 'windows') return 'windows'
  const isVirtual =
    ['virtual-kubelet', 'kwok'].includes(labels['type'] ?? '') ||
    labels['liqo.io/type'] === 'virtual-node' ||
    taints.some(({ key }) => key.startsWith('virtual-kubelet.io/') || key.startsWith('virtual-node.liqo.io/'))
  return isVirtual ? 'virtual' : undefined
}
