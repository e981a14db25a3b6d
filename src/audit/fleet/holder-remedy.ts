import { endTerminating } from '../../kubernetes/pods/running-pod.ts'
import type { AuditHolder, AuditNode } from '../../report/audit/audit-fleet.ts'
import { fullestCeiling } from '../../report/audit/headline.ts'

/** For each place what ends the tasks there. Constant texts: nodes with the same remedy are one action. */
const byPlace: Readonly<Record<AuditHolder['place'], string>> = {
  workload:
    'Take a thread dump of a pod of that workload for its owner, then restart or scale down what leaks. `pidguard top pods --node NAME` shows each of them. Bound it afterwards: podPidsLimit of the kubelet, or the thread cap of its runtime.',
  'unknown-pod':
    'End what is left of the pod on the node: systemd-cgls shows its processes under the uid; kill them. Where they do not go, restart the container runtime, or reboot: tasks in state D end in no other way. No pod that the API server has is to blame.',
  unexplained:
    'See on the node what runs under kubepods and in no pod: systemd-cgls /kubepods.slice, or /kubepods. Sandboxes and shims of pods that are gone stay there after a runtime that crashed: restart the container runtime. No pod that the API server has is to blame.',
  outside:
    'See on the node who it is: ps -eLo comm= | sort | uniq -c | sort -rn | head. Restart that unit (kubelet and containerd restart without their pods), or end its containers where docker runs beside Kubernetes. Deleting pods frees next to nothing.'
}

const raiseNode =
  'Raise kernel.pid_max and kernel.threads-max on the node, or run fewer pods there: nothing there stands out. pidguard recommend says how far; node-pid-max which of the two is the smaller one. Then restart the kubelet, so that kubepods follows.'

const raiseKubepods =
  'Raise what the node allows (kernel.pid_max, threads-max), then restart its kubelet, or run fewer pods: nothing stands out. kubepods is what the node allows less the reservation; a restart alone raises it only where node-kubepods-drift is found.'

/** What to do first on a node that is short of PIDs, by what holds the most there; undefined: that is not known. */
export function remedyByHolder(node: AuditNode): string | undefined {
  if (node.age === null || node.workloads === 0) return undefined
  const [biggest] = node.holders
  if (biggest === undefined) return fullestCeiling(node) === 'kubepods' ? raiseKubepods : raiseNode
  const { workload, place } = biggest
  return workload !== null && workload.terminating > 0 && workload.terminating === workload.pods
    ? endTerminating
    : byPlace[place]
}
