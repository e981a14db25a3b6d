import { endTerminating } from '../../kubernetes/pods/running-pod.ts'
import type { AuditHolder, AuditNode } from '../../report/audit/audit-fleet.ts'
import { fullestCeiling, shortBy } from '../../report/audit/headline.ts'

/** For each place what ends the tasks there. Constant texts: nodes with the same remedy are one action. */
const byPlace: Readonly<Record<AuditHolder['place'], string>> = {
  workload:
    'Take a thread dump of a pod of that workload for its owner, then restart or scale down what leaks. `pidguard top pods --node NAME` shows each of them. Bound it afterwards: podPidsLimit of the kubelet, or the thread cap of its runtime.',
  'unknown-pod':
    'End what is left of the pod on the node: systemd-cgls shows its processes under the uid; kill them. Where they do not go, restart the container runtime, or reboot: tasks in state D end in no other way. No pod that the API server has is to blame.',
  'unknown-pods':
    'End what is left of the pods on the node: systemd-cgls shows their cgroups under kubepods; kill the processes in them. Restart the container runtime, which forgets nothing that the API server knows; tasks in state D end only with a reboot. No pod that the API server has is to blame.',
  unexplained:
    'See on the node what runs under kubepods and in no pod: systemd-cgls /kubepods.slice, or /kubepods. Sandboxes and shims of pods that are gone stay there after a runtime that crashed: restart the container runtime. No pod that the API server has is to blame.',
  outside:
    'See on the node who it is: ps -eLo comm= | sort | uniq -c | sort -rn | head. Restart that unit (kubelet and containerd restart without their pods), or end its containers where docker runs beside Kubernetes. Deleting pods frees next to nothing.'
}

const raiseNode =
  'Raise kernel.pid_max and kernel.threads-max on the node, or run fewer pods there: nothing there stands out. pidguard recommend says how far; node-pid-max which of the two is the smaller one. Then restart the kubelet, so that kubepods follows.'

const raiseKubepods =
  'Raise what the node allows (kernel.pid_max, threads-max), then restart its kubelet, or run fewer pods: nothing stands out. kubepods is what the node allows less the reservation; a restart alone raises it only where node-kubepods-drift is found.'

const fewerPods =
  'Run fewer pods of that workload on the node: none of them is large, there are too many. CronJob: concurrencyPolicy Forbid; Job: parallelism; else fewer replicas, a lower maxReplicas of its autoscaler, or topologySpreadConstraints over more nodes.'

const lowerReservation =
  'Lower systemReserved pid and kubeReserved pid of the kubelet, and restart it: kubepods is the ceiling of the node less these, and they take most of it. No sysctl has to be raised for that.'

const lowerThreshold =
  'Lower evictionHard pid.available of the kubelet (10% say), and restart it: the node has room, and its threshold lies above it. Where PIDs came free a moment ago, wait: the condition goes five minutes after.'

const promised =
  'Lower pidguard.io/pids of the workload that is promised the most, or run fewer of its pods there: what is in use leaves the floor free, what pods may still start does not. `pidguard top pods -o wide --node NAME` shows it: COMMITTED less PIDS.'

/** Pods of one workload from which there are too many of them, where each holds less than this share of the ceiling. Own choice. */
const many = 10
const smallPod = 0.01

/** A reservation of that share of its node is the reason where kubepods is full. Own choice, as of node-kubepods-drift. */
const mostReserved = 0.5

/**
 * What to do first on a node that is short of PIDs, by what makes it short: a setting, what pods are promised, or what holds the most there; undefined:
 * that is not known. `usage`: the share from which the policy finds a node too full.
 */
export function remedyByHolder(node: AuditNode, usage: number): string | undefined {
  if (node.age === null || node.workloads === 0) return undefined
  const [biggest] = node.holders
  const cause = shortBy(node, usage)
  if (cause === 'threshold') return lowerThreshold
  if (cause === 'promised') return promised
  if (fullestCeiling(node) === 'kubepods' && reservesMost(node)) return lowerReservation
  if (biggest === undefined) return fullestCeiling(node) === 'kubepods' ? raiseKubepods : raiseNode
  const { workload, place, pids } = biggest
  if (workload !== null && workload.pods >= many && pids / workload.pods < smallPod * lowerLimitOf(node))
    return fewerPods
  return workload !== null && workload.terminating > 0 && workload.terminating === workload.pods
    ? endTerminating
    : byPlace[place]
}

function reservesMost({ kubelet, host }: AuditNode): boolean {
  return typeof host.limit === 'number' && (kubelet?.reserved ?? 0) >= host.limit * mostReserved
}

function lowerLimitOf({ host, kubepods }: AuditNode): number {
  return Math.min(...[host.limit, kubepods.limit].map((limit) => (typeof limit === 'number' ? limit : Infinity)))
}
