import { resourceContainersOf } from '../containers.ts'
import type { Maybe, PodSpec, QuantityText, ResourceList, ResourceRequirements } from '../types.ts'
import { parseQuantity } from './quantity.ts'
import { isPodLevelResource, qosResources } from './resources.ts'

/** Requests and limits of one container, or of a pod as a whole, with the API server's defaults applied. */
export interface PodResources {
  readonly requests: ResourceList
  readonly limits: ResourceList
}

export interface EffectiveResources {
  /** Init containers, sidecars and app containers, in that order. */
  readonly containers: readonly PodResources[]
  /** The pod's own `spec.resources`; undefined where none of them count (KEP-2837). */
  readonly podLevel: PodResources | undefined
}

/**
 * The resources of a pod as the API server will store them. It copies limits to missing requests when a Pod is
 * created, but leaves pod templates as they are (kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Pod), so a
 * template has to be read through the same glasses.
 */
export function effectiveResources(podSpec: PodSpec): EffectiveResources {
  const containers = resourceContainersOf(podSpec, '').map(({ container }) => defaulted(container.resources))
  return { containers, podLevel: podLevelOf(podSpec) }
}

/** Whether a pod's own `spec.resources` hold anything that counts. */
export function hasPodLevelResources(podSpec: PodSpec): boolean {
  const { requests, limits } = podSpec.resources ?? {}
  return [requests, limits].some((list) => list && Object.keys(list).some(isPodLevelResource))
}

function defaulted(resources: Maybe<ResourceRequirements>): PodResources {
  const limits = resources?.limits ?? {}
  return { limits, requests: { ...limits, ...resources?.requests } }
}

/**
 * SetDefaults_Pod: a missing pod-level request is what the containers ask for together, else the pod-level limit. It
 * fills in nothing where there is no pod-level limit at all.
 */
function podLevelOf(podSpec: PodSpec): PodResources | undefined {
  if (!hasPodLevelResources(podSpec)) return undefined
  const limits = podSpec.resources?.limits ?? {}
  if (Object.keys(limits).length === 0) return { limits, requests: podSpec.resources?.requests ?? {} }
  const together: Record<string, QuantityText> = {}
  for (const name of qosResources) {
    const sum = aggregateRequest(podSpec, name)
    if (sum !== undefined) together[name] = `${sum}n`
  }
  return { limits, requests: { ...limits, ...together, ...podSpec.resources?.requests } }
}

/**
 * The most of one resource that the containers ask for at once, in nano-units: app containers and sidecars together,
 * or one init container beside the sidecars started before it (component-helpers resource.AggregateContainerRequests).
 * undefined when no container asks for any.
 */
function aggregateRequest(podSpec: PodSpec, name: string): bigint | undefined {
  let asked = false
  let running = 0n
  let starting = 0n
  for (const { container, role } of resourceContainersOf(podSpec, '')) {
    const text = defaulted(container.resources).requests[name]
    const quantity = text === undefined ? undefined : parseQuantity(text)
    if (quantity === undefined) continue
    asked = true
    if (role === 'init') {
      if (running + quantity > starting) starting = running + quantity
    } else {
      running += quantity
    }
  }
  if (!asked) return undefined
  return running > starting ? running : starting
}
