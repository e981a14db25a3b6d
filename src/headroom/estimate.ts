import type { Millis, Pids } from '../lib/units.ts'
import type { PodFacts } from '../model/cluster-objects.ts'

/**
 * The source of an estimate: the pod's annotation, the peak observed in running pods of its workload, a profile of the
 * policy, or the policy's default; `limit` where the pod has a limit of its own that is lower.
 */
export type EstimateSource = 'declared' | 'observed' | 'profile' | 'default' | 'limit'

/** How many PIDs (tasks, that is, threads) one pod is counted with. */
export interface Estimate {
  readonly pids: Pids
  /** undefined: it was admitted with this figure, and does not say where that came from. */
  readonly source: EstimateSource | undefined
  /** The pod that was seen to hold them, and how long ago; undefined where nothing was, or when the pod was admitted. */
  readonly seen?: { readonly pod: string; readonly age: Millis } | undefined
}

/** What was seen of a workload; see `ObservedPeak`. */
interface Peak {
  readonly pids: Pids
  readonly isSettled: boolean
  readonly pod: string
  readonly age: Millis
}

/**
 * The estimate of a pod without a figure of its own. A peak that is not settled counts only where it is above the profile or
 * default: otherwise the first pod of a rollout, seen in its first seconds, would make the others look small.
 */
export function expectedOf(peak: Peak | undefined, assumed: Estimate): Estimate {
  if (peak === undefined || !(peak.isSettled || peak.pids > assumed.pids)) return assumed
  return observed(peak)
}

export function observed({ pids, pod, age }: Peak): Estimate {
  return { pids, source: 'observed', seen: { pod, age } }
}

/** No pod holds more than its own limit; undefined: it has none, or it is not known. */
export function boundedBy(estimate: Estimate, limit: Pids | undefined): Estimate {
  return limit === undefined || limit >= estimate.pids ? estimate : { pids: limit, source: 'limit' }
}

/**
 * The figure a stored pod carries: what it was admitted with, or else what it declares. undefined: it has none, and counts by
 * `expectedOf`. The one answer for ledger, tables and audit.
 */
export function figureOf({
  estimated,
  estimateSource,
  declared
}: Pick<PodFacts, 'estimated' | 'estimateSource' | 'declared'>): Estimate | undefined {
  if (estimated !== undefined) return { pids: estimated, source: sources.find((each) => each === estimateSource) }
  return declared === undefined ? undefined : { pids: declared, source: 'declared' }
}

const sources: readonly EstimateSource[] = ['declared', 'observed', 'profile', 'default', 'limit']

/** Where a figure comes from, in a few words. */
export function sayOrigin({ source, seen }: Estimate): string {
  if (seen !== undefined) return `observed on ${seen.pod} ${sayAge(seen.age)}`
  return source === undefined ? 'admitted with it' : origins[source]
}

const origins = {
  declared: 'declared',
  observed: 'observed, when it was admitted',
  profile: 'profile of the policy',
  default: 'default of the policy',
  limit: 'limit of the pod'
} as const satisfies Record<EstimateSource, string>

/** In the largest unit of which there are at least two. */
function sayAge(age: Millis): string {
  const seconds = Math.round(age / 1000)
  if (seconds < 120) return `${seconds} s ago`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`
}
