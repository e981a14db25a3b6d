import { setImmediate as nextTurn } from 'node:timers/promises'
import { KubeError } from '../../kube/kube-error.ts'
import { isRecord, type JsonRecord, textOf } from '../../lib/json/shape.ts'
import type { ReportKind, ReportStore } from '../../ports/objects.ts'
import type { Progress } from '../../ports/runtime.ts'
import type { AuditGap, AuditReport } from '../../report/audit/audit-report.ts'
import {
  digestAnnotation,
  type ReportContent,
  reportName,
  reportObject,
  rulesAnnotation,
  rulesOf,
  type WorkloadReport,
  workloadReportsOf
} from '../../report/audit/policy-report.ts'
import type { ObjectName } from '../../report/validate-report.ts'
import type { Coverage } from '../coverage.ts'
import { gapOf } from '../missed.ts'
import { WriteFailures } from './write-failures.ts'

export interface PublishDeps {
  readonly store: ReportStore
  /** What the audit could check. */
  readonly coverage: Pick<Coverage, 'covers'>
  /** Of the object with this key, as objectKey makes it. */
  uidOf(key: string): string | undefined
  readonly progress: Progress
}

/** Writes under way at once; an API server takes hundreds. Own choice. */
const lanes = 8

/** What is kept of a report that is in the cluster. */
interface Stored {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** The workload. */
  readonly object: ObjectName
  /** undefined: it does not say, so it is not one that we made. */
  readonly rules: readonly string[] | undefined
  readonly digest: string | undefined
}

/**
 * Brings the report objects of a cluster in line with an audit of it: a report is written where it would change, and
 * removed where nothing is wrong any more. Reports on what the audit could not check stay as they are. Resolves to what
 * could not be done; throws only when aborted.
 */
export async function publish(report: AuditReport, content: ReportContent, deps: PublishDeps): Promise<AuditGap[]> {
  const wanted = workloadReportsOf(report)
  try {
    const { current, replaced } = await deps.store.kinds()
    const gaps: AuditGap[] = []
    for (const namespaced of [true, false]) {
      const ours = new Map([...wanted].filter(([, { object }]) => (object.namespace !== '') === namespaced))
      const kind = current.find((each) => each.namespaced === namespaced)
      if (kind === undefined) gaps.push(...notServed(namespaced, ours.size))
      else gaps.push(...(await publishKind(kind, ours, { ...deps, content, takenAt: report.takenAt })))
    }
    // Removed only once everything was written in the new group.
    if (gaps.length === 0) for (const kind of replaced) gaps.push(...(await removeReplaced(kind, wanted, deps)))
    return gaps
  } catch (error) {
    if (!(error instanceof KubeError) || error.failure === 'aborted') throw error
    const detail = `which kinds of reports there are cannot be asked: ${error.message}; nothing was written`
    return [{ part: 'policy reports', reason: error.failure, detail, nodes: null }]
  }
}

interface KindDeps extends PublishDeps {
  readonly content: ReportContent
  readonly takenAt: string
}

async function publishKind(
  kind: ReportKind,
  wanted: ReadonlyMap<string, WorkloadReport>,
  { store, coverage, content, takenAt, uidOf, progress }: KindDeps
): Promise<AuditGap[]> {
  const { left, unlisted } = await storedReports(kind, store)
  // What the stored report says may be about what this audit could not check.
  if (unlisted !== undefined) return [unlisted]
  const failures = new WriteFailures(kind)
  const jobs: (() => Promise<void>)[] = []
  for (const [key, report] of wanted) {
    const at = { namespace: report.object.namespace, name: reportName(report.object) }
    const stored = left.get(`${at.namespace}/${at.name}`)
    left.delete(`${at.namespace}/${at.name}`)
    jobs.push(async () => {
      const all = { ...report, unchecked: uncheckedOf(stored, report, coverage) }
      const { object, digest } = reportObject(all, kind, content, uidOf(key), takenAt)
      if (stored?.digest !== digest) await failures.note('patch', at, () => store.apply(kind, at, object))
    })
  }
  for (const stored of left.values()) {
    if (stored.rules === undefined || !coverage.covers(stored.object, stored.rules)) continue
    jobs.push(() => failures.note('delete', stored, () => store.remove(kind, stored, stored.uid)))
  }
  await runAll(jobs, (done) => progress.step(kind.plural, done, jobs.length))
  return failures.gaps()
}

/**
 * Removes reports of the group that is not written any more: two reports of one workload would be counted twice, and the
 * old ones would never change again.
 */
async function removeReplaced(
  kind: ReportKind,
  wanted: ReadonlyMap<string, WorkloadReport>,
  { store, coverage, progress }: PublishDeps
): Promise<AuditGap[]> {
  const { left, unlisted } = await storedReports(kind, store)
  if (unlisted !== undefined) return [unlisted]
  const written = new Set([...wanted.values()].map(({ object }) => `${object.namespace}/${reportName(object)}`))
  const failures = new WriteFailures(kind)
  const jobs = [...left]
    .filter(([key, { object, rules }]) => rules !== undefined && (written.has(key) || coverage.covers(object, rules)))
    .map(
      ([, stored]) =>
        () =>
          failures.note('delete', stored, () => store.remove(kind, stored, stored.uid))
    )
  await runAll(jobs, (done) => progress.step(kind.plural, done, jobs.length))
  return failures.gaps()
}

/** Those of ours by namespace and name, or why they cannot be known. */
async function storedReports(
  kind: ReportKind,
  store: ReportStore
): Promise<{ readonly left: Map<string, Stored>; readonly unlisted: AuditGap | undefined }> {
  const left = new Map<string, Stored>()
  const failure = await store.list(kind, (object) => {
    const stored = storedOf(object)
    left.set(`${stored.namespace}/${stored.name}`, stored)
  })
  if (failure === undefined) return { left, unlisted: undefined }
  return { left, unlisted: { ...gapOf(failure), detail: `${failure.detail}; no report was written or removed` } }
}

/** Rules that had found something in the object, find nothing now, and did not check all of it. */
function uncheckedOf(stored: Stored | undefined, report: WorkloadReport, coverage: PublishDeps['coverage']): string[] {
  const now = new Set(rulesOf(report))
  return (stored?.rules ?? []).filter((rule) => !now.has(rule) && !coverage.covers(report.object, [rule]))
}

function storedOf(object: JsonRecord): Stored {
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
  const annotations = isRecord(metadata['annotations']) ? metadata['annotations'] : {}
  const scope = isRecord(object['scope']) ? object['scope'] : {}
  const [rules, digest] = [annotations[rulesAnnotation], annotations[digestAnnotation]]
  return {
    namespace: textOf(metadata['namespace']),
    name: textOf(metadata['name']),
    uid: textOf(metadata['uid']),
    object: {
      apiVersion: textOf(scope['apiVersion']),
      kind: textOf(scope['kind']),
      namespace: textOf(scope['namespace']),
      name: textOf(scope['name'])
    },
    rules: typeof rules === 'string' && rules !== '' ? rules.split(',') : undefined,
    digest: typeof digest === 'string' ? digest : undefined
  }
}

/** Runs all jobs, at most `lanes` at once; other work of the process gets its turn in between. */
async function runAll(jobs: readonly (() => Promise<void>)[], onDone: (done: number) => void): Promise<void> {
  let [next, done] = [0, 0]
  const lane = async (): Promise<void> => {
    for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
      await job()
      onDone(++done)
      await nextTurn()
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/**
 * The gap where a kind of report is not served. The cluster-wide kind is a gap only if there is a report to write; the
 * namespaced kind is in every cluster that has reports, so its absence is always a gap.
 */
function notServed(namespaced: boolean, reports: number): AuditGap[] {
  if (!namespaced && reports === 0) return []
  const [part, names] = namespaced
    ? ['policyreports.wgpolicyk8s.io', 'PolicyReport (wgpolicyk8s.io/v1alpha2) nor Report (openreports.io/v1alpha1)']
    : ['clusterpolicyreports.wgpolicyk8s.io', 'ClusterPolicyReport nor ClusterReport']
  const detail = `the cluster serves neither ${names}; install their CustomResourceDefinitions, or leave --report-objects out`
  return [{ part, reason: 'not-found', detail, nodes: null }]
}
