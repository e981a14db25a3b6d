import { type MinorVersion, newestMinor } from '../server-version.ts'
import type { Maybe, PodSpec, ResourceList } from '../types.ts'
import { effectiveResources, type PodResources } from './pod-defaults.ts'
import { podLevelDecides, podLevelVersions } from './pod-level.ts'
import { parseQuantity } from './quantity.ts'
import { isPositive, type QosResource, qosResources } from './resources.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/**
 * The class the kubelet will give a pod of this spec, once the API server has defaulted it
 * (kubernetes pkg/apis/core/v1/helper/qos/qos.go; kubectl pkg/util/qos). Only cpu and memory count, zero counts as
 * unset, init containers and sidecars count, ephemeral containers do not. Where pod-level resources decide, they decide
 * alone; whether they do depends on the version of the API server.
 */
export function qosClassOf(podSpec: PodSpec, server: MinorVersion = newestMinor): QosClass {
  const resources = effectiveResources(podSpec, server)
  const total = resources.podLevel === undefined ? totalOf(resources.containers) : totalOf([resources.podLevel])
  if (total.requests.size === 0 && total.limits.size === 0) return 'BestEffort'
  const guaranteed =
    total.everyLimitSet &&
    total.requests.size === total.limits.size &&
    [...total.requests].every(([name, sum]) => total.limits.get(name) === sum)
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

/**
 * Whether that class is BestEffort. Cheaper than `qosClassOf`: for most pods the first container decides. Of an unknown
 * server (undefined) it is true when any version would say so: unknown is not passed.
 */
export function isBestEffort(podSpec: PodSpec, server: MinorVersion | undefined): boolean {
  if (isNotSet(podSpec.resources)) {
    return ![podSpec.initContainers, podSpec.containers].some((containers) =>
      containers?.some(({ resources }) => holdsAny(resources?.requests) || holdsAny(resources?.limits))
    )
  }
  return versionsOf(server).some((version) => qosClassOf(podSpec, version) === 'BestEffort')
}

/** Whether the pod's own resources may decide its class, on this server or, where it is unknown, on any. */
export function mayDecideAtPodLevel(podSpec: PodSpec, server: MinorVersion | undefined): boolean {
  return !isNotSet(podSpec.resources) && versionsOf(server).some((version) => podLevelDecides(podSpec, version))
}

function isNotSet(resources: PodSpec['resources']): boolean {
  return resources === undefined || resources === null
}

/** An unknown server keeps `spec.resources` if the field is in a request: an older server has dropped it before it calls us. */
function versionsOf(server: MinorVersion | undefined): readonly MinorVersion[] {
  return server === undefined ? podLevelVersions : [server]
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

/** Adds the quantities above zero and returns how many there were. */
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
