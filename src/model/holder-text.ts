import type { Pids } from '../lib/units.ts'
import type { Holder, NamespaceShare } from './task-places.ts'

/** What is known of those that are not worth naming. */
export interface Others {
  /** Workloads with pods on the node whose tasks are known. */
  readonly workloads: number
  /** Tasks of the biggest of them. */
  readonly biggest: Pids
  /** The namespace whose workloads hold most of the node together; absent: none does. */
  readonly namespace?: NamespaceShare | undefined
}

/** Who holds the tasks of a node, without a full stop: `Deployment shop/web holds 210 PIDs in 1 pod`. */
export function sayHolders(node: string, holders: readonly Holder[], others: Others): string {
  if (holders.length > 0) return holders.map((holder) => sayHolder(node, holder)).join('; ')
  if (others.workloads === 0) return 'no pod there is known to hold any'
  const who =
    others.workloads === 1 ? 'the one workload there holds' : `${others.workloads} workloads there hold at most`
  const each = `${count(others.biggest)}${others.workloads === 1 ? '' : ' each'}`
  const { namespace } = others
  const together =
    namespace === undefined
      ? ''
      : `; the ${namespace.workloads} of namespace ${namespace.namespace} ${namespace.pids} together`
  return `no single workload stands out: ${who} ${each}${together}`
}

function sayHolder(node: string, holder: Holder): string {
  const pids = count(holder.pids)
  switch (holder.place) {
    case 'workload': {
      const { kind, namespace, name, pods, terminating } = holder
      const where = kind === 'Pod' ? '' : ` in ${pods} ${pods === 1 ? 'pod' : 'pods'}`
      const going = terminating === 0 ? '' : terminating === pods ? ' (Terminating)' : ` (${terminating} Terminating)`
      return `${kind} ${namespace}/${name} holds ${pids}${where}${going}`
    }
    case 'unknown-pod':
      return `${pids} in the cgroup of pod ${holder.cgroup}, which the API server does not know (any more)`
    case 'unknown-pods':
      return `${pids} in ${holder.pods} cgroups of pods that the API server does not know (any more)`
    case 'unexplained':
      return `${pids} under kubepods, but in none of its pods`
    case 'outside':
      return `${pids} outside of pods (kubelet, runtime, kernel, VMs): see ps -eLf on ${node}`
  }
}

function count(pids: Pids): string {
  return `${pids} ${pids === 1 ? 'PID' : 'PIDs'}`
}
