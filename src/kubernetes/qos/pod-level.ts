import type { MinorVersion } from '../server-version.ts'
import type { Maybe, PodSpec, ResourceList } from '../types.ts'
import { isPodLevelResource } from './resources.ts'

/**
 * How API servers of different versions take a pod's own `spec.resources` (KEP-2837, PodLevelResources):
 * before v1.34 they drop the field; from v1.34 to v1.36 it decides the QoS class as soon as it is there, even when it is
 * empty; from v1.37 it decides where it holds a resource that can be set there (gate PodLevelResourcesFixKubeletQOSClass;
 * kubernetes pkg/apis/core/helper/qos/qos.go ComputePodQOS, pkg/features/kube_features.go).
 */
export function podLevelDecides({ resources }: PodSpec, server: MinorVersion): boolean {
  if (resources === undefined || resources === null || server < firstWithPodLevel) return false
  return server < firstThatWantsContent || holdsPodLevel(resources.requests) || holdsPodLevel(resources.limits)
}

/** Versions that differ in what they make of `spec.resources`, one of each kind that keeps the field at all. */
export const podLevelVersions: readonly MinorVersion[] = [36, 37]

export const firstWithPodLevel: MinorVersion = 34
/** It also defaults pod-level limits, and requests where there are no limits; see `pod-defaults.ts`. */
export const firstThatWantsContent: MinorVersion = 37

function holdsPodLevel(list: Maybe<ResourceList>): boolean {
  for (const name in list) if (isPodLevelResource(name)) return true
  return false
}
