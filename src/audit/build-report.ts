import type { Rule } from '../engine/rule.ts'
import { compareTexts } from '../lib/compare-text.ts'
import {
  type AuditFinding,
  type AuditGap,
  type AuditReport,
  type AuditSource,
  auditApiVersion,
  isComplete
} from '../report/audit/audit-report.ts'
import { type FailOn, fails, plural, type Unjudged } from '../report/validate-report.ts'
import { AuditRun, type RunDeps } from './audit-run.ts'
import type { Sight } from './coverage.ts'
import { compare } from './earlier/compare.ts'
import { countsOf, sortedFindings } from './finding-counts.ts'
import type { FoldedFinding } from './findings-by-owner.ts'
import { actionsOf } from './first-actions.ts'
import { configNotes, nodeGaps } from './fleet/gaps.ts'

export interface AuditOptions {
  readonly version: string
  readonly source: AuditSource
  /** What the policy is called. */
  readonly policyName: string
  readonly failOn: FailOn
  /** The report to compare with. */
  readonly earlier: AuditReport | undefined
}

export interface Audited {
  readonly report: AuditReport
  /** Where the report tells of nothing, whether that means something. */
  readonly sight: Sight
}

/** Audits a cluster, or what there is of one. Throws AppError when nothing can be read at all. */
export async function audit(options: AuditOptions, deps: RunDeps): Promise<Audited> {
  const run = new AuditRun(deps)
  await run.read()
  return { report: reportOf(run, options, deps), sight: run.sight }
}

function reportOf(run: AuditRun, options: AuditOptions, { rules, policy, objects, configs }: RunDeps): AuditReport {
  const { facts, rows } = run
  const ruleIds = rules.all.map(({ id }) => id)
  const folded = sortedFindings(run.findings.list(), ruleIds)
  const gaps = sortedGaps([...run.gaps, ...nodeGaps(facts, configs)])
  const skips = run.skips.list().sort(byRule)
  const found = folded.map(withoutWeight)
  const compared = options.earlier === undefined ? undefined : compare(found, options.earlier, run.sight)
  const findings = compared?.findings ?? found
  const nodes = rows.nodes()
  const faults = run.faults.toSorted(
    (a, b) => compareTexts(a.ruleId, b.ruleId) || compareTexts(a.object.name, b.object.name)
  )
  return {
    apiVersion: auditApiVersion,
    kind: 'Audit',
    version: options.version,
    takenAt: new Date(facts.readAt).toISOString(),
    source: options.source,
    policy: options.policyName,
    failOn: options.failOn,
    exitCode: exitCodeOf(findings, options.failOn, isComplete({ gaps, skips, faults })),
    summary: {
      nodes: facts.nodes.length,
      nodesRead: facts.readings.size,
      pods: rows.running,
      podsRead: rows.read,
      namespaces: facts.namespaces,
      judged: run.judged,
      judgedByRule: ruleIds.map((ruleId) => ({ ruleId, objects: run.judgedBy.get(ruleId) ?? 0 })),
      ...countsOf(findings, ruleIds),
      podSizes: rows.podSizes()
    },
    actions: actionsOf(folded, nodes, policy.settingsFor('', undefined).audit.usage),
    rules: rules.all.map(wordsOf),
    findings,
    gaps,
    skips,
    faults,
    exempted: run.exempted.list().sort(byRule),
    nodes,
    pods: rows.pods(),
    workloads: rows.workloads(),
    since: compared?.since ?? null,
    notes: [...notesOf(run, options.source), ...configNotes(facts, configs), ...(objects.notes?.() ?? [])].sort()
  }
}

/** The report with more that could not be done; the exit code follows. */
export function withGaps(report: AuditReport, more: readonly AuditGap[]): AuditReport {
  const gaps = sortedGaps([...report.gaps, ...more])
  return { ...report, gaps, exitCode: exitCodeOf(report.findings, report.failOn, isComplete({ ...report, gaps })) }
}

function sortedGaps(gaps: readonly AuditGap[]): AuditGap[] {
  return gaps.toSorted(
    (a, b) => compareTexts(a.part, b.part) || compareTexts(a.reason, b.reason) || compareTexts(a.detail, b.detail)
  )
}

function withoutWeight({ weight, ...finding }: FoldedFinding): AuditFinding {
  return finding
}

function wordsOf({ id, title, why, remedy }: Rule): AuditReport['rules'][number] {
  return { id, title, why, remedy }
}

function byRule(a: Unjudged, b: Unjudged): number {
  return compareTexts(a.ruleId, b.ruleId) || compareTexts(a.reason, b.reason)
}

/** 1 before 4: what was found is certain, whatever else there may be. Of an earlier report only what is new counts. */
function exitCodeOf(findings: readonly AuditFinding[], failOn: FailOn, complete: boolean): number {
  if (failOn === 'never') return 0
  if (findings.some(({ level, change }) => change !== 'unchanged' && fails(failOn, level))) return 1
  return complete ? 0 : 4
}

function notesOf({ notes, facts, moreFaults, judged }: AuditRun, { kind }: AuditSource): string[] {
  const lines = [...notes].map(([note, namespaces]) => {
    const [first = ''] = [...namespaces].sort()
    return namespaces.size === 1 ? `namespace ${first}: ${note}` : `${plural(namespaces.size, 'namespace')}: ${note}`
  })
  if (moreFaults > 0) lines.push(`${plural(moreFaults, 'more failure')} of rules not shown`)
  if (kind === 'dump' && judged > 0 && !facts.hasLimitRanges) {
    lines.push('no LimitRange among the inputs, so it is taken that the cluster has none that fills in requests')
  }
  return lines
}
