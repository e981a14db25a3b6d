import { createHash } from 'node:crypto'
import { compareTexts } from '../../lib/compare-text.ts'
import type { ReportKind } from '../../ports/objects.ts'
import { objectKey } from '../object-name.ts'
import type { ObjectName } from '../validate-report.ts'
import type { AuditFault, AuditFinding, AuditLevel, AuditReport } from './audit-report.ts'

/** What a report says of a workload: each finding, or only how many there are. */
export const reportContents = ['failures', 'summary'] as const
export type ReportContent = (typeof reportContents)[number]

/** Everything wrong with one workload, or one object of the cluster as a whole. */
export interface WorkloadReport {
  readonly object: ObjectName
  readonly findings: readonly AuditFinding[]
  readonly faults: readonly AuditFault[]
  /** Rules that had found something before, and could not be checked this time. */
  readonly unchecked: readonly string[]
}

/** The rules that a report is about, sorted, between commas. Removing the report would claim that all of these passed. */
export const rulesAnnotation = 'pidguard.io/rules'
/** Changes with what the report says, not with when it was said. */
export const digestAnnotation = 'pidguard.io/digest'
/** How many results did not fit; absent where all did. */
const omittedAnnotation = 'pidguard.io/results-omitted'

/** Results of one report, and characters of one message. Own choice: a report stays far below the 1.5 MiB of etcd. */
export const mostResults = 50
const longestMessage = 1_000
/** Characters of the workload's own name within the report's, so that all fits the 253 of a name. */
const longestName = 200

interface Result {
  readonly rule: string
  readonly result: 'fail' | 'warn' | 'error' | 'skip'
  readonly message: string
  readonly severity?: 'high' | 'medium' | 'low'
  /** Whether it counts: what would be denied does. */
  readonly scored: boolean
  readonly properties?: Readonly<Record<string, string>>
}

const severities = {
  deny: 'high',
  warn: 'medium',
  change: 'medium',
  audit: 'low'
} as const satisfies Record<AuditLevel, Result['severity']>

/** What an audit says of each object that something is wrong with, by its key, in the order of keys. */
export function workloadReportsOf({ findings, faults }: AuditReport): Map<string, WorkloadReport> {
  const found = Map.groupBy(findings, ({ object }) => objectKey(object))
  const failed = Map.groupBy(faults, ({ object }) => objectKey(object))
  const keys = [...new Set([...found.keys(), ...failed.keys()])].sort(compareTexts)
  return new Map(
    keys.map((key) => {
      const [ours = [], theirs = []] = [found.get(key), failed.get(key)]
      const object = (ours[0] ?? theirs[0])?.object as ObjectName
      return [key, { object, findings: ours, faults: theirs, unchecked: [] }]
    })
  )
}

/** Always the same for the same object, and always a valid name. */
export function reportName(object: ObjectName): string {
  const words = `${object.kind}-${object.name}`.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  // Of 40 bits: two objects of one namespace would need the same bits and the same words before them.
  const mark = createHash('sha256').update(objectKey(object)).digest('hex').slice(0, 10)
  return `pidguard-${words.slice(0, longestName).replace(/^-|-$/g, '')}-${mark}`
}

/** Ids of the rules it is about, sorted. */
export function rulesOf({ findings, faults, unchecked }: WorkloadReport): string[] {
  const ids = [...findings, ...faults].map(({ ruleId }) => ruleId)
  return [...new Set([...ids, ...unchecked])].sort(compareTexts)
}

/**
 * The object as it is applied. `uid` of the workload, if known: the report goes with it. `at`: RFC 3339, when it was
 * found. `summary.pass` is omitted (unknown, not 0), because passes are not counted.
 */
export function reportObject(
  report: WorkloadReport,
  kind: ReportKind,
  content: ReportContent,
  uid: string | undefined,
  at: string
): { readonly object: object; readonly digest: string } {
  const { apiVersion, name, namespace } = report.object
  const results = resultsOf(report)
  const shown = content === 'summary' ? [] : results.slice(0, mostResults)
  const omitted = content === 'summary' ? 0 : results.length - shown.length
  const owner = { apiVersion, kind: report.object.kind, name, uid }
  const isOpenReports = kind.apiVersion.startsWith('openreports.io/')
  const said = {
    ownerReferences: uid === undefined || apiVersion === '' ? [] : [owner],
    scope: {
      ...(apiVersion !== '' && { apiVersion }),
      kind: report.object.kind,
      name,
      ...(namespace && { namespace })
    },
    summary: countsOf(results),
    ...(isOpenReports && { source: 'pidguard' }),
    ...(shown.length > 0 && { results: shown })
  }
  const rules = rulesOf(report).join(',')
  const digest = createHash('sha256')
    .update(JSON.stringify([said, rules, omitted]))
    .digest('hex')
    .slice(0, 32)
  const { ownerReferences, ...body } = said
  const timestamp = { seconds: Math.floor(Date.parse(at) / 1000), nanos: 0 }
  const object = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: {
      name: reportName(report.object),
      ...(namespace && { namespace }),
      labels: { 'app.kubernetes.io/managed-by': 'pidguard' },
      annotations: {
        [rulesAnnotation]: rules,
        [digestAnnotation]: digest,
        ...(omitted > 0 && { [omittedAnnotation]: String(omitted) })
      },
      ...(ownerReferences.length > 0 && { ownerReferences })
    },
    ...body,
    ...(shown.length > 0 && {
      results: shown.map((result) => ({ source: 'pidguard', policy: 'pidguard', ...result, timestamp }))
    })
  }
  return { object, digest }
}

function resultsOf({ findings, faults, unchecked }: WorkloadReport): Result[] {
  return [
    ...findings.map(({ ruleId, level, reason, detail, pointer, remedy, children }) => ({
      rule: ruleId,
      result: level === 'deny' ? ('fail' as const) : ('warn' as const),
      message: cut(`${reason}: ${detail}`),
      severity: severities[level],
      scored: level === 'deny',
      properties: {
        level,
        pointer: cut(pointer),
        ...(children > 0 && { pods: String(children) }),
        ...(remedy !== undefined && { remedy: cut(remedy) })
      }
    })),
    ...faults.map(({ ruleId, message }) => ({
      rule: ruleId,
      result: 'error' as const,
      message: cut(message),
      scored: false
    })),
    ...unchecked.map((ruleId) => ({
      rule: ruleId,
      result: 'skip' as const,
      message: 'found before; could not be checked this time',
      scored: false
    }))
  ]
}

function countsOf(results: readonly Result[]): Record<Result['result'], number> {
  const counts = { fail: 0, warn: 0, error: 0, skip: 0 }
  for (const { result } of results) counts[result]++
  return counts
}

function cut(text: string): string {
  return text.length <= longestMessage ? text : `${text.slice(0, longestMessage - 1)}…`
}
