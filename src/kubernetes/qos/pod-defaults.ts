import { type ContainerView, resourceContainersOf, resourceHoldersOf } from '../containers.ts'
import type { MinorVersion } from '../server-version.ts'
import type { Maybe, PodSpec, QuantityText, ResourceList, ResourceRequirements } from '../types.ts'
import { firstThatWantsContent, podLevelDecides } from './pod-level.ts'
import { compareQuantities, type Nanos, parseQuantity } from './quantity.ts'
import { qosResources } from './resources.ts'

/** Requests and limits of one container, or of a pod as a whole, with the API server's defaults applied. */
export interface PodResources {
  readonly requests: ResourceList
  readonly limits: ResourceList
}

export interface EffectiveResources {
  /** Init containers, sidecars and app containers, in that order. */
  readonly containers: readonly PodResources[]
  /** The pod's own `spec.resources`; undefined where the containers decide (see `podLevelDecides`). */
  readonly podLevel: PodResources | undefined
}

/**
 * The resources of a pod as an API server of this version will store them. It copies limits to missing requests when a
 * Pod is created, but leaves pod templates as they are (kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Pod), so the
 * same defaults are applied here when a template is read.
 */
export function effectiveResources(podSpec: PodSpec, server: MinorVersion): EffectiveResources {
  const containers = resourceHoldersOf(podSpec).map(({ resources }) => defaulted(resources))
  return { containers, podLevel: podLevelDecides(podSpec, server) ? podLevelOf(podSpec, server) : undefined }
}

function defaulted(resources: Maybe<ResourceRequirements>): PodResources {
  const limits = resources?.limits ?? {}
  return { limits, requests: { ...limits, ...resources?.requests } }
}

/**
 * A missing pod-level request is what the containers ask for together, else the pod-level limit. Before v1.37 only where
 * there is a pod-level limit (SetDefaults_Pod); since v1.37 always, and a missing pod-level limit is what the containers
 * are limited to together, where all of them are (kubernetes pkg/api/pod/util.go DefaultPodLevelResources).
 */
function podLevelOf(podSpec: PodSpec, server: MinorVersion): PodResources {
  const limits = podSpec.resources?.limits ?? {}
  const requests = podSpec.resources?.requests ?? {}
  const isNew = server >= firstThatWantsContent
  if (!isNew && Object.keys(limits).length === 0) return { limits, requests }
  const views = resourceContainersOf(podSpec, '')
  const filled = { ...limits, ...togetherOf(views, requestsOf), ...requests }
  return { requests: filled, limits: isNew ? withContainerLimits(limits, filled, views) : limits }
}

function withContainerLimits(
  limits: ResourceList,
  requests: ResourceList,
  views: readonly ContainerView[]
): ResourceList {
  const together = togetherOf(views, limitsOf)
  const added: Record<string, QuantityText> = {}
  for (const name of qosResources) {
    const request = requests[name]
    const sum = together[name]
    if (request === undefined || limits[name] !== undefined || sum === undefined) continue
    if (!views.every((view) => (limitsOf(view)[name] ?? undefined) !== undefined)) continue
    added[name] = (compareQuantities(request, sum) ?? 0) > 0 ? request : sum
  }
  return { ...added, ...limits }
}

type ListOf = (view: ContainerView) => ResourceList

const requestsOf: ListOf = ({ container }) => defaulted(container.resources).requests
const limitsOf: ListOf = ({ container }) => container.resources?.limits ?? {}

function togetherOf(views: readonly ContainerView[], listOf: ListOf): Record<string, QuantityText> {
  const together: Record<string, QuantityText> = {}
  for (const name of qosResources) {
    const sum = aggregateOf(views, name, listOf)
    if (sum !== undefined) together[name] = `${sum}n`
  }
  return together
}

/**
 * The most of one resource that the containers have at once, in nano-units: app containers and sidecars together, or one
 * init container beside the sidecars started before it (component-helpers resource/helpers.go AggregateContainerRequests,
 * AggregateContainerLimits). undefined when no container has any.
 */
function aggregateOf(views: readonly ContainerView[], name: string, listOf: ListOf): Nanos | undefined {
  let isSet = false
  let running = 0n
  let starting = 0n
  for (const view of views) {
    const text = listOf(view)[name]
    const quantity = text === undefined || text === null ? undefined : parseQuantity(text)
    if (quantity === undefined) continue
    isSet = true
    if (view.role === 'init') {
      if (running + quantity > starting) starting = running + quantity
    } else {
      running += quantity
    }
  }
  if (!isSet) return undefined
  return running > starting ? running : starting
}
