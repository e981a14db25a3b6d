import { declaredPids, pidsEstimate } from '../kubernetes/annotations.ts'
import { containersOf } from '../kubernetes/containers.ts'
import { globMatches, selectorMatches } from '../kubernetes/label-selector.ts'
import { maxPids, pidsLimitOf } from '../kubernetes/qos/pids-limit.ts'
import { requestedPids } from '../kubernetes/qos/pids-request.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import { pod, templateOf, workloadOf } from '../kubernetes/workloads.ts'
import type { Pids } from '../lib/units.ts'
import type { WorkloadName } from '../model/cluster-objects.ts'
import type { Profile, Settings } from '../policy/settings.ts'
import { boundedBy, type Estimate, expectedOf, observed } from './estimate.ts'
import type { HeadroomView } from './headroom-view.ts'

/**
 * The estimate of one pod: its own request or annotation, else the observed peak, else its profile, else the default of its namespace.
 * An annotation counts up to the policy's limit; what settled pods of the workload hold counts instead where it is more,
 * unless the policy trusts annotations. Never more than the pod's own limit.
 */
export function estimateOf(
  subject: PodSubject,
  settings: Settings,
  view?: Pick<HeadroomView, 'observedPeak'>
): Estimate {
  return boundedBy(unboundedOf(subject, settings, view), pidsLimitOf(subject.podSpec))
}

function unboundedOf(
  subject: PodSubject,
  settings: Settings,
  view: Pick<HeadroomView, 'observedPeak'> | undefined
): Estimate {
  const declared = declaredOf(subject, settings)
  // A pod has its template's hash; a template has none yet, and is compared with the one that was seen last.
  const template = subject.groupKind === pod ? (templateOf(subject.metadata) ?? '') : undefined
  const peak = view?.observedPeak(subject.namespace, workloadNameOf(subject), template)
  if (declared !== undefined) {
    const isBelow = peak?.isSettled === true && peak.pids > declared && !settings.pids.trustDeclared
    return isBelow ? observed(peak) : { pids: declared, source: 'declared' }
  }
  return expectedOf(peak, assumedOf(subject, settings))
}

/**
 * What the pod declares, by the resource or by the annotation, up to the limit that its profile or the policy sets; undefined
 * without a count.
 */
function declaredOf(subject: PodSubject, settings: Settings): Pids | undefined {
  const declared = ownRequestOf(subject) ?? readPids(subject.podMetadata.annotations?.[declaredPids])
  if (declared === undefined) return undefined
  const { profiles, limit } = settings.pids
  const most = profileOf(subject, profiles, (profile) => profile.limit !== undefined)?.limit ?? limit
  return most === undefined ? declared : Math.min(declared, most)
}

/** The request that the author wrote: one that equals the estimate beside it is ours. */
function ownRequestOf({ podSpec, podMetadata }: PodSubject): Pids | undefined {
  const requested = requestedPids(podSpec)
  const isOurs = String(requested) === podMetadata.annotations?.[pidsEstimate]
  return requested === undefined || requested === 0 || isOurs ? undefined : Math.min(requested, maxPids)
}

function assumedOf(subject: PodSubject, settings: Settings): Estimate {
  const profile = profileOf(subject, settings.pids.profiles, (candidate) => candidate.estimate !== undefined)
  if (profile?.estimate !== undefined) return { pids: profile.estimate, source: 'profile' }
  return { pids: settings.pids.estimate, source: 'default' }
}

/** The workload of a pod, or of a template: the same name for both. */
export function workloadNameOf({ groupKind, kind, name, metadata }: PodSubject): WorkloadName {
  if (groupKind === pod) return workloadOf(metadata)
  const { kind: ownerKind, name: ownerName } = workloadOf(metadata)
  return ownerKind === 'Pod' ? { kind, name } : { kind: ownerKind, name: ownerName }
}

/** The first profile that matches the pod and for which `has` holds. */
export function profileOf(
  { podMetadata, podSpec, podSpecAt }: PodSubject,
  profiles: readonly Profile[],
  has: (profile: Profile) => boolean
): Profile | undefined {
  if (profiles.length === 0) return undefined
  const containers = containersOf(podSpec, podSpecAt)
  return profiles.find((profile) => {
    const { images, selector } = profile.match
    if (!has(profile)) return false
    if (selector !== undefined && !selectorMatches(selector, podMetadata.labels ?? {})) return false
    if (images.length === 0) return true
    return containers.some(({ container }) => images.some((pattern) => globMatches(pattern, container.image ?? '')))
  })
}

/** A count of PIDs from an annotation; undefined when absent or not a count from 1 to `maxPids`. */
export function readPids(text: string | null | undefined): Pids | undefined {
  if (text === undefined || text === null || !/^[1-9]\d{0,6}$/.test(text)) return undefined
  const pids = Number(text)
  return pids <= maxPids ? pids : undefined
}
