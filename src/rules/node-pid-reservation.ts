// Reads: systemReserved.pid and kubeReserved.pid of the kubelet, or else both ceilings.  Fine: something is reserved, and kubepods keeps to it.
import { defineRule } from '../engine/rule.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'
import { hasGap, type NodeState } from '../model/node-reading.ts'

export const nodePidReservation = defineRule<Subject, 'node'>({
  id: 'node-pid-reservation',
  title: 'PIDs reserved for the system',
  why: 'Where nothing is reserved, kubepods may use every PID the node has. Pods then starve the kubelet, the container runtime and the shell of the person who comes to help; in one outage not even the kubelet could be started.',
  remedy:
    'Set systemReserved pid (for example 2000) in the configuration of the kubelet, and restart it. kubepods then stops that much below the node; pods must be in enforceNodeAllocatable, which is the default.',
  limits:
    'A reservation protects what runs outside of pods. calico-node runs inside kubepods: only limits on the other pods (node-pod-pids-limit) and free PIDs protect that.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: ['node'],
  reads: () => [],
  check(_subject, { node: state }) {
    const detail = unreserved(state)
    return detail === undefined
      ? []
      : [{ pointer: '/status/allocatable/pid', reason: 'no PIDs are kept for the system', detail }]
  },
  missingFact: (_subject, { node: { kubelet } }) =>
    kubelet?.reserved === undefined ? 'kubelet configuration not known' : undefined
})

function unreserved({ kubelet, reading }: NodeState): string | undefined {
  if (kubelet?.reserved === 0) return 'neither systemReserved nor kubeReserved has pid'
  const { host, kubepods } = reading ?? {}
  // Where containers run elsewhere, kubepods says nothing: node-cgroup-driver does.
  if (hasGap(reading, 'cgroup-drivers')) return undefined
  if (kubepods?.limit === Number.POSITIVE_INFINITY) return 'kubepods has no limit at all'
  if (kubelet?.reserved !== undefined || host?.limit === undefined || kubepods?.limit === undefined) return undefined
  // A cgroup above kubepods says nothing of what the kubelet reserves.
  if (reading?.hostCgroup !== undefined) return undefined
  // Any reservation would make kubepods the lower one. What makes it lower may also be drift, so that says nothing.
  return kubepods.limit >= host.limit ? `kubepods allows ${kubepods.limit} tasks, the node ${host.limit}` : undefined
}
