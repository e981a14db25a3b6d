import { resourceContainersOf } from '../containers.ts'
import type { LimitRangeItem, Maybe, PodSpec, ResourceList } from '../types.ts'

/**
 * Fills a Pod in place with the defaults of the LimitRanges of its namespace, as the API server does before any webhook
 * (kubernetes plugin/pkg/admission/limitranger/admission.go mergeContainerResources), and says whether anything changed.
 */
export function fillFromLimitRanges(podSpec: PodSpec, items: readonly LimitRangeItem[]): boolean {
  let isChanged = false
  for (const item of items) {
    if (item.type !== 'Container') continue
    const { limits, requests } = defaultsOf(item)
    for (const { container } of resourceContainersOf(podSpec, '')) {
      const resources = { ...container.resources }
      // At decoding the API server has copied limits to missing requests (SetDefaults_Pod).
      const filled = {
        limits: merged(resources.limits, limits),
        requests: merged({ ...resources.limits, ...resources.requests }, requests)
      }
      if (filled.limits === undefined && filled.requests === undefined) continue
      isChanged = true
      const changed = {
        ...resources,
        ...(filled.limits === undefined ? undefined : { limits: filled.limits }),
        ...(filled.requests === undefined ? undefined : { requests: filled.requests })
      }
      Object.assign(container, { resources: changed })
    }
  }
  return isChanged
}

/**
 * SetDefaults_LimitRangeItem (kubernetes pkg/apis/core/v1/defaults.go): a missing default limit is the max; a missing
 * default request is the default limit, else the min.
 */
function defaultsOf({ default: limit, defaultRequest, max, min }: LimitRangeItem): {
  readonly limits: ResourceList
  readonly requests: ResourceList
} {
  const limits = { ...max, ...limit }
  return { limits, requests: { ...min, ...limits, ...defaultRequest } }
}

/** The list with what it lacks; undefined where it lacks nothing. */
function merged(list: Maybe<ResourceList>, defaults: ResourceList): ResourceList | undefined {
  const held = list ?? {}
  const missing = Object.entries(defaults).filter(([name]) => !Object.hasOwn(held, name))
  return missing.length === 0 ? undefined : { ...held, ...Object.fromEntries(missing) }
}
