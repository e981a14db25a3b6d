// Reads: resources of all containers and of the pod itself.  Fine: any cpu or memory request or limit above zero.
import { isFixed } from '../engine/decide.ts'
import { definePodRule, type RuleContext } from '../engine/rule.ts'
import { resourceHoldersOf } from '../kubernetes/containers.ts'
import { looksLikeNodeShell, nodeShellRemedy } from '../kubernetes/node-shell.ts'
import { podLevelDecides } from '../kubernetes/qos/pod-level.ts'
import { isBestEffort, mayDecideAtPodLevel } from '../kubernetes/qos/qos.ts'
import { isPositive, type QosResource, qosResources } from '../kubernetes/qos/resources.ts'
import { newestMinor } from '../kubernetes/server-version.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import type { Container, LimitRangeItem, Maybe, ResourceList } from '../kubernetes/types.ts'
import { pod, podKinds } from '../kubernetes/workloads.ts'

type Context = RuleContext<never, 'limitRanges' | 'serverVersion'>

const ownRemedy =
  'Set resources.requests.cpu and resources.requests.memory on the containers. Only cpu and memory above zero count, not GPUs or ephemeral-storage. An administrator can exempt a workload (`exemptions` of the policy), or let pidguard add requests (`requests.bestEffortPods: inject`).'

export const bestEffort = definePodRule<never, 'limitRanges' | 'serverVersion'>({
  id: 'best-effort',
  title: 'BestEffort pods',
  why: 'The scheduler places a pod without any cpu or memory request as if it needed nothing, so such pods pile up on full nodes. In a real outage they used up the PIDs of their nodes.',
  remedy: ownRemedy,
  limits:
    'Requests and limits of cpu and memory do not bound threads. Only podPidsLimit of the kubelet, a pids limit of the runtime or a program with a fixed pool does.',
  defaultMode: 'enforce',
  scope: 'pods',
  kinds: podKinds,
  subresources: ['resize'],
  requiredFacts: [],
  optionalFacts: ['limitRanges', 'serverVersion'],
  reads: resourcesOf,
  check(subject, context) {
    if (hasNoContainers(subject) || !isBestEffort(subject.podSpec, context.serverVersion)) return []
    const isTemplate = subject.groupKind !== pod
    if (isTemplate && isFilledLater(subject, context)) return []
    return [
      {
        pointer: pointerOf(subject, context),
        reason: 'QoS class BestEffort',
        detail: detailOf(subject, context),
        // LimitRange defaults are applied to Pods before webhooks run; whether this template's Pods get any is unknown here.
        advisory: isTemplate && context.limitRanges === undefined,
        ...remedyField(subject, context)
      }
    ]
  }
})

function remedyField(subject: PodSubject, { serverVersion }: Context): { remedy?: string } {
  if (mayDecideAtPodLevel(subject.podSpec, serverVersion)) return { remedy: podLevelRemedy }
  return looksLikeNodeShell(subject) ? { remedy: `${ownRemedy} ${nodeShellRemedy}` } : {}
}

export const podLevelRemedy =
  "Set requests of cpu and memory in the pod's own spec.resources, or remove spec.resources: where it is set, requests of the containers may not count."

function resourcesOf({ podSpec }: PodSubject): readonly unknown[] {
  return [podSpec.resources, ...resourceHoldersOf(podSpec).map(({ resources }) => resources)]
}

/** A ReplicationController may have no template, and a pod without containers is refused by the API server itself. */
function hasNoContainers({ podSpec }: PodSubject): boolean {
  return (podSpec.containers ?? []).length === 0
}

/** Whether the Pods of this template get a request at admission: from `resource-requests` or from a LimitRange. */
function isFilledLater({ podSpec }: PodSubject, context: Context): boolean {
  // Both fill containers, but pod-level resources decide alone where they are set.
  if (mayDecideAtPodLevel(podSpec, context.serverVersion)) return false
  const { settings, limitRanges } = context
  const injects =
    settings.requests.bestEffortPods === 'inject' &&
    isFixed(settings.modes.get('resource-requests')) &&
    !context.isExempt('resource-requests')
  return resourceHoldersOf(podSpec).some((container) =>
    qosResources.some(
      (name) =>
        (injects && isOpen(container.resources?.limits, name)) ||
        (limitRanges ?? []).some((item) => givesTo(container, item, name))
    )
  )
}

/**
 * As LimitRanger: it fills what is open, and a zero is not. As SetDefaults_LimitRangeItem: a missing default is the
 * max, a missing defaultRequest the default, else the min.
 */
function givesTo({ resources }: Container, item: LimitRangeItem, name: QosResource): boolean {
  if (item.type !== 'Container' || !isOpen(resources?.limits, name)) return false
  const limit = item.default?.[name] ?? item.max?.[name]
  if (isPositive(limit)) return true
  return isOpen(resources?.requests, name) && isPositive(item.defaultRequest?.[name] ?? limit ?? item.min?.[name])
}

function isOpen(list: Maybe<ResourceList>, name: QosResource): boolean {
  return (list?.[name] ?? undefined) === undefined
}

/** Of the first container: one request there is enough. Pod-level resources decide alone where they are set. */
function pointerOf({ podSpec, podSpecAt }: PodSubject, { serverVersion }: Context): string {
  return mayDecideAtPodLevel(podSpec, serverVersion) ? `${podSpecAt}/resources` : `${podSpecAt}/containers/0/resources`
}

function detailOf({ podSpec }: PodSubject, { serverVersion }: Context): string {
  if (mayDecideAtPodLevel(podSpec, serverVersion)) {
    return serverVersion === undefined && isEmpty(podSpec.resources)
      ? 'on Kubernetes v1.34 to v1.36 empty pod-level resources decide, and the version of this server is not known'
      : 'the pod-level resources decide, and hold neither cpu nor memory above zero'
  }
  const containers = resourceHoldersOf(podSpec)
  const names = containers.slice(0, 3).map(({ name }) => name)
  const more = containers.length > 3 ? ` and ${containers.length - 3} more` : ''
  return `no cpu or memory request or limit above zero in ${names.join(', ')}${more}`
}

function isEmpty(resources: PodSubject['podSpec']['resources']): boolean {
  return !podLevelDecides({ resources }, newestMinor)
}
