// Reads: the tasks of a running pod, and the lower ceiling of its node.  Fine: less than spec.audit.podShare of it.
import { definePodRule } from '../engine/rule.ts'
import { lackOfLimit, lowerLimit } from '../headroom/node-ceilings.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import { pod } from '../kubernetes/workloads.ts'
import { isRecord } from '../lib/json/shape.ts'
import { percentText } from '../lib/percent.ts'
import type { NodeState } from '../model/node-reading.ts'

export const podThreadOutlier = definePodRule<'node'>({
  id: 'pod-thread-outlier',
  title: 'Pods that hold many threads',
  why: 'Outages begin with one pod that takes a large share of the PIDs of its node: in one of them a single .NET process held 21,317 of 32,768. Finding it by hand takes hours, and the first pod that dies of it, often calico-node, looks guilty.',
  remedy:
    'Take a thread dump of the pod for its owner, then restart it. Bound it afterwards: podPidsLimit of the kubelet, or the thread cap of its runtime (see runtime-thread-cap).',
  limits:
    'It sees threads at one moment, and does not say whether they are too many for what the pod does. Static pods are not looked at; `pidguard top pods` shows them.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [pod],
  requiredFacts: ['node'],
  reads: () => [],
  check(subject, { settings, node }) {
    const pids = pidsOf(subject, node)
    const lower = lowerLimit(node)
    if (pids === undefined || lower === undefined || lower.limit === 0) return []
    const share = pids / lower.limit
    if (share < settings.audit.podShare) return []
    return [
      {
        pointer: '/spec/containers',
        reason: 'one pod holds a large share of its node',
        detail: `${subject.name} holds ${pids} of ${lower.limit} tasks under ${lower.name} of ${nodeNameOf(subject)} (${percentText(share)})`,
        weight: share
      }
    ]
  },
  missingFact(subject, { node }) {
    if (nodeNameOf(subject) === undefined || !isRunning(subject)) return undefined
    return (
      lackOfLimit(node, ['node', 'kubepods']) ??
      (pidsOf(subject, node) === undefined ? 'tasks of the pod not known' : undefined)
    )
  }
})

function pidsOf({ metadata, ...subject }: PodSubject, { reading }: NodeState): number | undefined {
  const uid: unknown = metadata.uid
  return typeof uid === 'string' && isRunning(subject) ? reading?.pods?.get(uid) : undefined
}

function nodeNameOf({ podSpec }: Pick<PodSubject, 'podSpec'>): string | undefined {
  const name: unknown = podSpec.nodeName
  return typeof name === 'string' && name !== '' ? name : undefined
}

/** Tasks begin and end with the phase Running. */
function isRunning({ object }: Pick<PodSubject, 'object'>): boolean {
  return isRecord(object['status']) && object['status']['phase'] === 'Running'
}
