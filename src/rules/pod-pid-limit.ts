// Reads: the tasks of a running pod, and the limits of its own: podPidsLimit, and what a runtime sets on a container.  Fine: less than spec.audit.ownLimit of each.
import { definePodRule } from '../engine/rule.ts'
import { endTerminating, runningPodOf } from '../kubernetes/pods/running-pod.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import { pod } from '../kubernetes/workloads.ts'
import { percentText } from '../lib/percent.ts'
import { type NearLimit, nearestOfPod } from '../model/near-limit.ts'
import { lackOfLimits, type NodeState } from '../model/node-reading.ts'

export const podPidLimit = definePodRule<'node'>({
  id: 'pod-pid-limit',
  title: 'Pods near their own PID limit',
  why: 'At its own limit a pod is refused threads while its node is nearly empty: PIDPressure stays false, and nothing else reports it. In calico-node it is the exec probes and BIRD that are refused, so it is restarted over and over.',
  remedy:
    'Take a thread dump of the pod for its owner; restart it if it leaks. If it needs that many, raise podPidsLimit of the kubelet (of a container: pids_limit of CRI-O, --pids-limit of docker and podman), restart the kubelet or runtime, and replace the pod: a running one keeps its limit.',
  limits:
    'It sees one moment. RLIMIT_NPROC of a user is another limit, which no kubelet reports: see docs/troubleshooting.md.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [pod],
  requiredFacts: ['node'],
  includesRunning: true,
  reads: () => [],
  check(subject, { settings, node }) {
    const running = runningPodOf(subject)
    const near = limitOf(running?.cgroup, node)
    if (running === undefined || near === undefined) return []
    const share = near.inUse / near.limit
    if (share < settings.audit.ownLimit) return []
    const what = near.of === 'pod' ? subject.name : `container ${near.name} of ${subject.name}`.replace('  ', ' ')
    const may = near.of === 'pod' ? 'that a pod may hold' : 'that its container runtime allows it'
    return [
      {
        pointer: '/spec/containers',
        reason: 'a pod is near its own PID limit',
        detail: `${what} holds ${near.inUse} of ${near.limit} tasks ${may} on ${running.node} (${percentText(share)})`,
        ...(running.isTerminating ? { remedy: endTerminating } : undefined),
        // Pods of Calico come first: the network of their node depends on them.
        weight: share + (isCalico(subject) ? 1 : 0)
      }
    ]
  },
  missingFact(subject, { node }) {
    const running = runningPodOf(subject)
    if (running === undefined) return undefined
    const lack = lackOfLimits(node.reading)
    if (lack !== undefined) return lack === 'node not read' ? lack : 'limits of pods not known'
    return node.reading?.pods?.get(running.cgroup ?? '') === undefined ? 'tasks of the pod not known' : undefined
  }
})

function limitOf(cgroup: string | undefined, { reading }: NodeState): NearLimit | undefined {
  return cgroup === undefined ? undefined : nearestOfPod(reading?.nearLimits ?? [], cgroup)
}

/** By its name, because a snapshot has no containers: calico-node, calico-typha, calico-kube-controllers. */
function isCalico({ name, metadata }: PodSubject): boolean {
  return metadata.namespace === 'calico-system' || name.startsWith('calico-')
}
