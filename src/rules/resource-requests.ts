// Reads: requests and limits of all containers of a Pod.  Fine: each has a cpu and a memory request, or a limit to take it from.
import { definePodRule, type RuleContext } from '../engine/rule.ts'
import { resourceContainersOf, resourceHoldersOf } from '../kubernetes/containers.ts'
import { isBestEffort, mayDecideAtPodLevel, qosClassOf } from '../kubernetes/qos/qos.ts'
import { parseQuantity } from '../kubernetes/qos/quantity.ts'
import { isPositive, type QosResource, qosResources } from '../kubernetes/qos/resources.ts'
import { newestMinor } from '../kubernetes/server-version.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import type { Container, LimitRangeItem, Maybe, QuantityText } from '../kubernetes/types.ts'
import { pod } from '../kubernetes/workloads.ts'

export const resourceRequests = definePodRule<never, 'limitRanges' | 'serverVersion'>({
  id: 'resource-requests',
  title: 'Missing resource requests',
  why: 'The scheduler places a container without a request as if it needed nothing, so nodes fill up unnoticed.',
  remedy:
    'Set resources.requests.cpu and resources.requests.memory on each container. In mode enforce pidguard adds the missing ones from the policy.',
  limits:
    'It fills Pods at creation and never templates, since a changed template is a rollout. It does not change a request of zero, which says none on purpose, Guaranteed pods, pods with pod-level resources, or wholly BestEffort pods unless the policy sets `requests.bestEffortPods: inject`.',
  defaultMode: 'enforce',
  scope: 'pods',
  kinds: [pod],
  requiredFacts: [],
  optionalFacts: ['limitRanges', 'serverVersion'],
  reads: ({ podSpec }) => [podSpec.resources, ...resourceHoldersOf(podSpec).map(({ resources }) => resources)],
  check(subject, context) {
    const missing = fillableOf(subject, context)
    if (missing.length === 0) return []
    // Advisory: the pod runs without it, and an outage of the mutating webhook should not deny pods.
    return missing.map(({ at, container, resource }) => ({
      pointer: `${at}/resources/requests/${resource}`,
      reason: 'resource request missing',
      detail: `container ${container.name} has no ${resource} request`,
      advisory: true
    }))
  },
  fixes: (subject) => subject.operation === 'CREATE' && subject.subresource === '',
  fix(subject, draft, context) {
    for (const { at, resource } of fillableOf(subject, context)) {
      const request = within(context.settings.requests[resource], resource, context.limitRanges)
      // A LimitRange whose maximum is zero leaves no room for a request.
      if (isPositive(request)) draft.set(`${at}/resources/requests/${resource}`, request)
    }
  }
})

/** What is missing and may be added without changing what the pod's author asked for. */
function fillableOf(
  subject: PodSubject,
  { settings, serverVersion }: RuleContext<never, 'serverVersion'>
): readonly Missing[] {
  const { podSpec } = subject
  if (isBestEffort(podSpec, newestMinor)) {
    if (settings.requests.bestEffortPods !== 'inject') return none
  } else if (!resourceHoldersOf(podSpec).some(lacksAny) || qosClassOf(podSpec) === 'Guaranteed') return none
  // Container requests must not exceed the pod's own, and pod-level resources decide the class alone.
  return mayDecideAtPodLevel(podSpec, serverVersion) ? none : missingOf(subject)
}

const none: readonly Missing[] = []

function lacksAny(container: Container): boolean {
  return qosResources.some((resource) => isMissing(container, resource))
}

interface Missing {
  readonly at: string
  readonly container: Container
  readonly resource: QosResource
}

function missingOf({ podSpec, podSpecAt }: PodSubject): Missing[] {
  const missing: Missing[] = []
  for (const { container, at } of resourceContainersOf(podSpec, podSpecAt)) {
    for (const resource of qosResources) if (isMissing(container, resource)) missing.push({ at, container, resource })
  }
  return missing
}

/**
 * Absent, and no limit beside it, which the API server copies. A request of zero is not absent: its author means none, or
 * keeps the API server from copying the limit (kubernetes#83688), and a request there could change the pod's class.
 */
function isMissing({ resources }: Container, resource: QosResource): boolean {
  return (resources?.requests?.[resource] ?? resources?.limits?.[resource] ?? undefined) === undefined
}

/** The policy's request, moved into what the namespace's LimitRanges accept for a container. */
function within(
  wanted: string,
  resource: QosResource,
  limitRanges: readonly LimitRangeItem[] | undefined
): QuantityText {
  let chosen: QuantityText = wanted
  for (const item of limitRanges ?? []) {
    if (item.type !== 'Container') continue
    chosen = larger(chosen, item.min?.[resource])
    chosen = smaller(chosen, item.max?.[resource])
  }
  return chosen
}

function larger(a: QuantityText, b: Maybe<QuantityText>): QuantityText {
  return compare(a, b) < 0 ? (b as QuantityText) : a
}

function smaller(a: QuantityText, b: Maybe<QuantityText>): QuantityText {
  return compare(a, b) > 0 ? (b as QuantityText) : a
}

/** Zero also where `b` is absent or no quantity: then it bounds nothing. */
function compare(a: QuantityText, b: Maybe<QuantityText>): number {
  const [left, right] = [parseQuantity(a), b === undefined || b === null ? undefined : parseQuantity(b)]
  if (left === undefined || right === undefined || left === right) return 0
  return left < right ? -1 : 1
}
