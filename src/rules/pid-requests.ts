// Reads: requests of pidguard.io/pids, and where a Pod may land.  Fine: it has one, or the scheduler counts no PIDs there.
import { definePodRule, type RuleContext } from '../engine/rule.ts'
import { estimateOf } from '../headroom/pod-estimate.ts'
import { containersOf } from '../kubernetes/containers.ts'
import { pidsIn, pidsResource, requestedPids } from '../kubernetes/qos/pids-request.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import type { LimitRangeItem } from '../kubernetes/types.ts'
import { pod } from '../kubernetes/workloads.ts'
import { escapeToken } from '../lib/json/pointer.ts'
import type { Pids } from '../lib/units.ts'

type Context = RuleContext<'headroom' | 'limitRanges'>

const token = escapeToken(pidsResource)

export const pidRequests = definePodRule<'headroom' | 'limitRanges'>({
  id: 'pid-requests',
  title: 'Request of PIDs',
  why: 'The scheduler places a pod by what it requests. A pod without a request of PIDs lands on a node that has none left.',
  remedy: `Set ${pidsResource} in resources.requests and resources.limits of one container. In mode enforce pidguard adds both, from the estimate.`,
  limits: `Asked only with spec.headroom.schedulePids. It gives Pods a request at creation, on the first container, and never templates. A pod gets none where a node that it may land on offers no ${pidsResource} two minutes after it joined, where with spec.headroom.autoscaled no node is there that it may land on, where it names its node itself, since the kubelet would refuse it instead of letting it wait, and where nodes or LimitRanges are not known. A LimitRange bounds the request, so it may be smaller than the estimate. A request does not limit threads.`,
  defaultMode: 'enforce',
  scope: 'pods',
  kinds: [pod],
  requiredFacts: ['headroom', 'limitRanges'],
  isAsked: ({ headroom }) => headroom.schedulePids,
  reads: ({ podSpec }) => [requestedPids(podSpec)],
  check(subject, context) {
    if (!isAtCreation(subject) || missingOf(subject, context) === undefined) return []
    const { podSpecAt } = subject
    // Advisory: the pod is placed as without pidguard, and an outage of the mutating webhook should not deny pods.
    return [
      {
        pointer: `${podSpecAt}/containers/0/resources/requests/${token}`,
        reason: 'request of PIDs missing',
        detail: `no container requests ${pidsResource}, which every node it may land on offers`,
        advisory: true
      }
    ]
  },
  fixes: isAtCreation,
  fix(subject, draft, context) {
    const pids = missingOf(subject, context)
    if (pids === undefined) return
    for (const list of ['requests', 'limits'])
      draft.set(`${subject.podSpecAt}/containers/0/resources/${list}/${token}`, String(pids))
  }
})

function isAtCreation({ operation, subresource }: PodSubject): boolean {
  return operation === 'CREATE' && subresource === ''
}

/** The request that the pod lacks; undefined where it has one, or must not have one. */
function missingOf(subject: PodSubject, context: Context): Pids | undefined {
  const { podSpec, podSpecAt } = subject
  if (requestedPids(podSpec) !== undefined || (podSpec.nodeName ?? '') !== '') return undefined
  if (!containersOf(podSpec, podSpecAt).some(({ role }) => role === 'app')) return undefined
  const offers = context.headroom.offersPids(context.headroom.placementOf(podSpec))
  // An autoscaler may take a new node for one without the resource, and then would never add it for such a pod.
  if (offers === 'no' || (offers === 'later' && context.settings.headroom.autoscaled)) return undefined
  const { pids } = estimateOf(subject, context.settings, context.headroom)
  const bounded = within(pids, context.limitRanges)
  // A LimitRange whose maximum is zero leaves no room for a request.
  return bounded > 0 ? bounded : undefined
}

/** Moved into what the LimitRanges of the namespace accept; request and limit are equal, so a ratio always is. */
function within(pids: Pids, limitRanges: readonly LimitRangeItem[]): Pids {
  let bounded = pids
  for (const { type, min, max } of limitRanges) {
    if (type !== 'Container' && type !== 'Pod') continue
    bounded = Math.min(Math.max(bounded, pidsIn(min) ?? 0), pidsIn(max) ?? Number.POSITIVE_INFINITY)
  }
  return bounded
}
