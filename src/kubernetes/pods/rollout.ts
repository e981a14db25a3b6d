import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import type { Pids } from '../../lib/units.ts'
import type { MinorVersion } from '../server-version.ts'
import type { PodSubject, Subject } from '../subject.ts'

/** The pods that a workload is about to create. */
export interface Rollout {
  /** Pods that stay. */
  readonly added: number
  /** Pods that run in addition while old ones are replaced, now or at the next change of the template. */
  readonly surge: number
}

/**
 * The pods of a new template, or those that a change adds to the running ones. `old` is the stored object. `server`: the version
 * of the API server; undefined: not known.
 */
export function rolloutOf(subject: PodSubject, old: PodSubject | undefined, server?: MinorVersion): Rollout {
  const spec = specOf(subject)
  const pods = podsOf(subject.kind, spec, server)
  if (old === undefined) return { added: spec['paused'] === true ? 0 : pods, surge: surgeOf(subject.kind, spec, pods) }
  return { added: Math.max(0, pods - podsOf(old.kind, specOf(old), server)), surge: surgeOf(subject.kind, spec, pods) }
}

/**
 * The additional demand of a changed template, as a number of pods of the new size: each of `kept` pods grows from the old
 * estimate to the new one.
 */
export function grownPods(kept: number, pids: Pids, oldPids: Pids): number {
  return pids <= oldPids ? 0 : Math.ceil((kept * (pids - oldPids)) / pids)
}

/** Pods that run at once; an absent number is 1, as the API defaults it. */
function podsOf(kind: string, spec: JsonRecord, server: MinorVersion | undefined): number {
  if (kind === 'Job') return jobPodsOf(spec, server)
  if (kind !== 'CronJob') return countOf(spec['replicas']) ?? 1
  const each = jobSpecOf(spec)
  return spec['suspend'] === true || each === undefined ? 0 : jobPodsOf(each, server)
}

/** The spec of the Jobs of a CronJob; undefined for any other spec. */
function jobSpecOf({ jobTemplate }: JsonRecord): JsonRecord | undefined {
  const spec = isRecord(jobTemplate) ? jobTemplate['spec'] : undefined
  return isRecord(spec) ? spec : undefined
}

function jobPodsOf(
  { suspend, parallelism, completions, managedBy }: JsonRecord,
  server: MinorVersion = firstWithManagedBy
): number {
  if (suspend === true || (server >= firstWithManagedBy && isManagedElsewhere(managedBy))) return 0
  return Math.min(countOf(parallelism) ?? 1, countOf(completions) ?? Number.POSITIVE_INFINITY)
}

/** The gate JobManagedBy is on from there (pkg/features/kube_features.go); older servers drop the field, and make the pods. */
const firstWithManagedBy: MinorVersion = 32

/**
 * Another controller runs the Job, as MultiKueue does in another cluster: the Job controller here makes no pods for it
 * (kubernetes pkg/controller/job/job_controller.go, JobManagedBy, GA in v1.35).
 */
function isManagedElsewhere(managedBy: unknown): boolean {
  return typeof managedBy === 'string' && managedBy !== 'kubernetes.io/job-controller'
}

/** maxSurge of a rolling Deployment: a count, or a share rounded up (kubernetes pkg/controller/deployment/util). */
function surgeOf(kind: string, { strategy, paused }: JsonRecord, pods: number): number {
  if (kind !== 'Deployment' || pods === 0 || paused === true) return 0
  if (!isRecord(strategy)) return Math.ceil(pods * defaultSurge)
  if (strategy['type'] === 'Recreate') return 0
  const rolling = strategy['rollingUpdate']
  const surge = isRecord(rolling) ? rolling['maxSurge'] : undefined
  const share = typeof surge === 'string' ? /^(\d{1,6})%$/.exec(surge)?.[1] : undefined
  if (share !== undefined) return Math.ceil((pods * Number(share)) / 100)
  return countOf(surge) ?? Math.ceil(pods * defaultSurge)
}

/** pkg/apis/apps/v1/defaults.go */
const defaultSurge = 0.25

export function specOf({ object }: { readonly object: JsonRecord }): JsonRecord {
  return isRecord(object['spec']) ? object['spec'] : {}
}

/** Where a workload says how many pods it has. */
export function countPointerOf({ kind }: Subject): string {
  if (kind === 'Job') return '/spec/parallelism'
  return kind === 'CronJob' ? '/spec/jobTemplate/spec/parallelism' : '/spec/replicas'
}

/** A count of pods; undefined for anything but a whole number from 0. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** What decides how many pods a Job runs at once, or each Job of a CronJob. */
export function jobReadsOf(subject: Subject): readonly unknown[] {
  const specs = [specOf(subject), jobSpecOf(specOf(subject)) ?? {}]
  return specs.flatMap(({ suspend, parallelism, completions, managedBy }) => [
    suspend,
    parallelism,
    completions,
    managedBy
  ])
}
