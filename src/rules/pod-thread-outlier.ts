// Reads: the tasks of a running pod, and the lower ceiling of its node.  Fine: less than spec.audit.podShare of it.
import { definePodRule } from '../engine/rule.ts'
import { lackOfLimit, lowerLimit } from '../headroom/node-ceilings.ts'
import { endTerminating, runningPodOf } from '../kubernetes/pods/running-pod.ts'
import { pod } from '../kubernetes/workloads.ts'
import { percentText } from '../lib/percent.ts'

export const podThreadOutlier = definePodRule<'node'>({
  id: 'pod-thread-outlier',
  title: 'Pods that hold many threads',
  why: 'Outages begin with one pod that takes a large share of the PIDs of its node: in one of them a single .NET process held 21,317 of 32,768. Finding it by hand takes hours, and the first pod that dies of it, often calico-node, looks guilty.',
  remedy:
    'Take a thread dump of the pod for its owner, then restart it. Bound it afterwards: podPidsLimit of the kubelet, or the thread cap of its runtime (see runtime-thread-cap).',
  limits: 'It sees threads at one moment, and does not say whether they are too many for what the pod does.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [pod],
  requiredFacts: ['node'],
  includesRunning: true,
  reads: () => [],
  check(subject, { settings, node }) {
    const running = runningPodOf(subject)
    const pids = node.reading?.pods?.get(running?.cgroup ?? '')
    const lower = lowerLimit(node)
    if (running === undefined || pids === undefined || lower === undefined || lower.limit === 0) return []
    const share = pids / lower.limit
    if (share < settings.audit.podShare) return []
    const what = running.isTerminating ? `${subject.name}, Terminating,` : subject.name
    return [
      {
        pointer: '/spec/containers',
        reason: 'one pod holds a large share of its node',
        detail: `${what} holds ${pids} of ${lower.limit} tasks under ${lower.name} of ${running.node} (${percentText(share)})`,
        ...(running.isTerminating ? { remedy: endTerminating } : undefined),
        weight: share
      }
    ]
  },
  missingFact(subject, { node }) {
    const running = runningPodOf(subject)
    if (running === undefined) return undefined
    return (
      lackOfLimit(node, ['node', 'kubepods']) ??
      (node.reading?.pods?.get(running.cgroup ?? '') === undefined ? 'tasks of the pod not known' : undefined)
    )
  }
})
