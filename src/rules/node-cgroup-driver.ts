// Reads: where the containers of a node run.  Fine: in the cgroups of their pods.
import { defineRule } from '../engine/rule.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'
import { hasGap, type NodeState } from '../model/node-reading.ts'

export const nodeCgroupDriver = defineRule<Subject, 'node'>({
  id: 'node-cgroup-driver',
  title: 'cgroup drivers of kubelet and runtime',
  why: 'Where the kubelet uses the cgroup driver systemd and the container runtime cgroupfs, the kubelet makes a cgroup for each pod and the runtime starts its containers elsewhere. Every limit that the kubelet sets then stands on an empty cgroup: podPidsLimit, the limit of kubepods, and those of memory and cpu. One leak takes the whole node.',
  remedy:
    'Drain the node, set the cgroup driver of its container runtime to systemd, and restart runtime and kubelet. containerd: SystemdCgroup = true in the options of runc. CRI-O: cgroup_manager = "systemd". docker: native.cgroupdriver=systemd. Containers that run keep their place until they are made again.',
  limits:
    'It is seen by the cgroups of containers in /metrics/cadvisor; where the container runtime counts (PodAndContainerStatsFromCRI) there are none.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: ['node'],
  reads: () => [],
  check(_subject, { node: { reading } }) {
    if (!hasGap(reading, 'cgroup-drivers')) return []
    return [
      {
        pointer: '/status/nodeInfo/containerRuntimeVersion',
        reason: 'containers run outside of the cgroups of their pods',
        detail: `${whose(reading)} run outside of kubepods, where no limit of the kubelet bounds them`
      }
    ]
  },
  missingFact(_subject, { node: { reading } }) {
    if (reading === undefined) return 'node not read'
    const isKnown = reading.kubepods.inUse !== undefined && !hasGap(reading, 'cri-stats')
    return isKnown ? undefined : 'cgroups of containers not known'
  }
})

/** Of all pods where kubepods is empty, else of some: pods from before a driver was changed. */
function whose(reading: NodeState['reading']): string {
  const { kubepods, pods } = reading ?? {}
  if (kubepods?.limit !== Number.POSITIVE_INFINITY) return 'containers of some pods'
  return pods === undefined ? 'containers' : `containers of ${pods.size} pods, with ${kubepods.inUse ?? '?'} tasks,`
}
