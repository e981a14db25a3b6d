import { isRecord, type JsonRecord } from '../lib/json/shape.ts'
import type { Pids } from '../lib/units.ts'
import type { PodSubject } from './subject.ts'

/** Pods a workload is about to make. */
export interface Rollout {
  /** That come to stay. */
  readonly added: number
  /** That run besides, while old ones are replaced, now or at the next change of the template. */
  readonly surge: number
}

/** What a new template makes, or a changed one beyond what runs already. `old` is the object as it is stored. */
export function rolloutOf(subject: PodSubject, old: PodSubject | undefined): Rollout {
  const spec = specOf(subject)
  const pods = podsOf(subject.kind, spec)
  if (old === undefined) return { added: spec['paused'] === true ? 0 : pods, surge: surgeOf(subject.kind, spec, pods) }
  return { added: Math.max(0, pods - podsOf(old.kind, specOf(old))), surge: surgeOf(subject.kind, spec, pods) }
}

/**
 * What a changed template asks for more than the one it replaces, in pods of the new size: `kept` pods grow by what
 * the new estimate is above the old.
 */
export function grownPods(kept: number, pids: Pids, oldPids: Pids): number {
  return pids <= oldPids ? 0 : Math.ceil((kept * (pids - oldPids)) / pids)
}

/** Pods that run at once; an absent number is 1, as the API defaults it. */
function podsOf(kind: string, spec: JsonRecord): number {
  if (kind === 'Job') return jobPodsOf(spec)
  if (kind !== 'CronJob') return countOf(spec['replicas']) ?? 1
  const each = jobSpecOf(spec)
  return spec['suspend'] === true || each === undefined ? 0 : jobPodsOf(each)
}

/** What each Job of a CronJob is made of; undefined for any other spec. */
export function jobSpecOf({ jobTemplate }: JsonRecord): JsonRecord | undefined {
  const spec = isRecord(jobTemplate) ? jobTemplate['spec'] : undefined
  return isRecord(spec) ? spec : undefined
}

function jobPodsOf({ suspend, parallelism, completions }: JsonRecord): number {
  if (suspend === true) return 0
  return Math.min(countOf(parallelism) ?? 1, countOf(completions) ?? Number.POSITIVE_INFINITY)
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

/** A count of pods; undefined where there is none to read. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
