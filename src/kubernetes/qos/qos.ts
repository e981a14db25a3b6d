import type { Maybe, PodSpec, ResourceList } from '../types.ts'
import { effectiveResources, hasPodLevelResources, type PodResources } from './pod-defaults.ts'
import { parseQuantity } from './quantity.ts'
import { isPositive, type QosResource, qosResources } from './resources.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/**
 * The class the kubelet will give a pod of this spec, once the API server has defaulted it
 * (kubernetes pkg/apis/core/v1/helper/qos/qos.go; kubectl pkg/util/qos). Only cpu and memory count, zero counts as
 * unset, init containers and sidecars count, ephemeral containers do not, and pod-level resources alone decide
 * where they are set.
 */
export function qosClassOf(podSpec: PodSpec): QosClass {
  const resources = effectiveResources(podSpec)
  const total = resources.podLevel === undefined ? totalOf(resources.containers) : totalOf([resources.podLevel])
  if (total.requests.size === 0 && total.limits.size === 0) return 'BestEffort'
  const guaranteed =
    total.everyLimitSet &&
    total.requests.size === total.limits.size &&
    [...total.requests].every(([name, sum]) => total.limits.get(name) === sum)
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

/** Whether that class is BestEffort, which most pods answer with their first container, without adding anything up. */
export function isBestEffort(podSpec: PodSpec): boolean {
  if (hasPodLevelResources(podSpec)) return qosClassOf(podSpec) === 'BestEffort'
  return ![podSpec.initContainers, podSpec.containers].some((containers) =>
    containers?.some(({ resources }) => holdsAny(resources?.requests) || holdsAny(resources?.limits))
  )
}

function holdsAny(list: Maybe<ResourceList>): boolean {
  return qosResources.some((name) => isPositive(list?.[name]))
}

interface Total {
  readonly requests: Map<QosResource, bigint>
  readonly limits: Map<QosResource, bigint>
  /** Every holder has a cpu and a memory limit above zero. */
  everyLimitSet: boolean
}

function totalOf(holders: readonly PodResources[]): Total {
  const total: Total = { requests: new Map(), limits: new Map(), everyLimitSet: true }
  for (const { requests, limits } of holders) {
    add(total.requests, requests)
    if (add(total.limits, limits) < qosResources.length) total.everyLimitSet = false
  }
  return total
}

/** Adds what counts and tells how many resources did. */
function add(sum: Map<QosResource, bigint>, list: ResourceList): number {
  let counted = 0
  for (const name of qosResources) {
    const text = list[name]
    const quantity = text === undefined ? undefined : parseQuantity(text)
    if (quantity === undefined || quantity <= 0n) continue
    sum.set(name, (sum.get(name) ?? 0n) + quantity)
    counted++
  }
  return counted
}
