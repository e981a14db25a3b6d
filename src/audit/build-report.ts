import type { Rule } from '../engine/rule.ts'
import type { NodeRow } from '../kubernetes/calico/node-rows.ts'
import { compareTexts } from '../lib/compare-text.ts'
import {
  type AuditFinding,
  type AuditGap,
  type AuditReport,
  type AuditSource,
  auditApiVersion,
  isComplete
} from '../report/audit/audit-report.ts'
import { adviceOf } from '../report/calico-advice.ts'
import { calicoNodeOf } from '../report/calico-node.ts'
import { type FailOn, fails, plural, type Unchecked } from '../report/validate-report.ts'
import type { AuditDeps } from './audit-deps.ts'
import type { Coverage } from './coverage.ts'
import { compare } from './earlier/compare.ts'
import { countsOf, sortedFindings } from './finding-counts.ts'
import type { FindingOfOwner } from './findings-by-owner.ts'
import { actionsOf } from './first-actions.ts'
import { configNotes, nodeGaps } from './fleet/gaps.ts'
import { recommendationsOf } from './fleet/recommend-by-audits.ts'
import { gapsOfPasses } from './missed.ts'
import { type JudgedObjects, judgeObjects } from './passes/judge-objects.ts'
import { type ListedFacts, readFacts } from './passes/read-facts.ts'
import { type NodeAnswers, readNodes } from './passes/read-nodes.ts'

export interface AuditOptions {
  readonly version: string
  readonly source: AuditSource
  /** Name of the policy, for the report. */
  readonly policyName: string
  readonly failOn: FailOn
  /** An earlier report to compare with. */
  readonly earlier: AuditReport | undefined
}

export interface Audited {
  readonly report: AuditReport
  /** What was checked: where the report has no finding, whether that means that nothing is wrong. */
  readonly coverage: Coverage
}

/** The passes of one audit. */
interface Passes {
  readonly facts: ListedFacts
  readonly nodes: NodeAnswers
  readonly objects: JudgedObjects
}

/** Audits a cluster, or files that were taken from one. Throws AppError when nothing can be read at all. */
export async function audit(options: AuditOptions, deps: AuditDeps): Promise<Audited> {
  const facts = await readFacts(deps)
  const nodes = await readNodes(facts.nodes, deps)
  const objects = await judgeObjects(facts, nodes, deps)
  return { report: reportOf({ facts, nodes, objects }, options, deps), coverage: objects.coverage }
}

function reportOf(passes: Passes, options: AuditOptions, deps: AuditDeps) {
  const { rules, policy, objects: source, configs } = deps
  const { facts, nodes, objects } = passes
  const { verdicts, rows, coverage } = objects
  const ruleIds = rules.all.map(({ id }) => id)
  const sorted = sortedFindings(verdicts.findings, ruleIds)
  const found = sorted.map(withoutWeight)
  const compared = options.earlier === undefined ? undefined : compare(found, options.earlier, coverage)
  const findings = compared?.findings ?? found
  const gaps = sortedGaps([...gapsOfPasses([facts.missed, objects.missed]), ...nodeGaps(nodes, configs)])
  const skips = verdicts.skips.toSorted(byRule)
  const faults = verdicts.faults.toSorted(
    (a, b) => compareTexts(a.ruleId, b.ruleId) || compareTexts(a.object.name, b.object.name)
  )
  const nodeRows = rows.nodes(objects.knowsPods)
  const settings = policy.settingsFor('', undefined).audit
  const { usage } = settings
  const takenAt = new Date(nodes.readAt).toISOString()
  const lists = { takenAt, nodes: nodeRows, pods: rows.pods(), workloads: rows.workloads() }
  const report: AuditReport = {
    apiVersion: auditApiVersion,
    kind: 'Audit',
    version: options.version,
    takenAt,
    source: options.source,
    policy: options.policyName,
    failOn: options.failOn,
    actNow: actNowOf(usage),
    exitCode: exitCodeOf(findings, options.failOn, isComplete({ gaps, skips, faults })),
    summary: {
      nodes: facts.nodes.length,
      nodesRead: nodes.readings.size,
      pods: rows.running,
      podsRead: rows.read,
      namespaces: facts.namespaces,
      checked: verdicts.checked,
      checkedByRule: ruleIds.map((ruleId) => ({ ruleId, objects: verdicts.checkedBy.get(ruleId) ?? 0 })),
      ...countsOf(findings, ruleIds),
      podSizes: rows.podSizes()
    },
    actions: actionsOf(sorted, nodeRows, usage),
    rules: rules.all.map(textsOf),
    findings,
    gaps,
    skips,
    faults,
    exempted: verdicts.exempted.toSorted(byRule),
    nodes: nodeRows,
    pods: lists.pods,
    workloads: lists.workloads,
    recommendations: recommendationsOf(
      options.earlier === undefined ? [lists] : [options.earlier, lists],
      facts.nodes,
      settings
    ),
    calico: objects.calico.map(calicoNodeOf),
    since: compared?.since ?? null,
    notes: [
      ...calicoNotes(objects.calico, policy),
      ...notesOf(passes, options.source),
      ...objects.notes,
      ...configNotes(nodes, configs),
      ...(source.notes?.() ?? []),
      ...(deps.notes ?? [])
    ].sort()
  }
  return report
}

/** Half way between where the policy finds a node too full and full. */
function actNowOf(usage: number): number {
  return (1 + usage) / 2
}

/** The report with more gaps, and the exit code that follows from them. */
export function withGaps(report: AuditReport, more: readonly AuditGap[]): AuditReport {
  const gaps = sortedGaps([...report.gaps, ...more])
  return { ...report, gaps, exitCode: exitCodeOf(report.findings, report.failOn, isComplete({ ...report, gaps })) }
}

function sortedGaps(gaps: readonly AuditGap[]): AuditGap[] {
  return gaps.toSorted(
    (a, b) => compareTexts(a.part, b.part) || compareTexts(a.reason, b.reason) || compareTexts(a.detail, b.detail)
  )
}

/** What is wrong with Calico beyond single objects. */
function calicoNotes(rows: readonly NodeRow[], policy: AuditDeps['policy']): string[] {
  const namespace = rows.find(({ daemonSet }) => daemonSet !== undefined)?.daemonSet?.split('/')[0]
  if (namespace === undefined) return []
  const { iptablesBackend } = policy.settingsFor(namespace, undefined).calico
  return adviceOf(rows, iptablesBackend).flatMap(({ text, isFinding, isOfNodes }) =>
    isFinding && isOfNodes !== true ? [`Calico: ${text}`] : []
  )
}

function withoutWeight({ weight, ...finding }: FindingOfOwner): AuditFinding {
  return finding
}

function textsOf({ id, title, why, remedy }: Rule): AuditReport['rules'][number] {
  return { id, title, why, remedy }
}

function byRule(a: Unchecked, b: Unchecked): number {
  return compareTexts(a.ruleId, b.ruleId) || compareTexts(a.reason, b.reason)
}

/** 1 goes before 4: a finding is certain even if parts are unknown. With an earlier report only new findings count. */
function exitCodeOf(findings: readonly AuditFinding[], failOn: FailOn, complete: boolean): number {
  if (failOn === 'never') return 0
  if (findings.some(({ level, change }) => change !== 'unchanged' && fails(failOn, level))) return 1
  return complete ? 0 : 4
}

function notesOf({ facts, objects }: Passes, { kind }: AuditSource): string[] {
  const { notes, moreFaults, checked } = objects.verdicts
  const lines = [...notes].map(([note, namespaces]) => {
    const [first = ''] = [...namespaces].sort()
    return namespaces.size === 1 ? `namespace ${first}: ${note}` : `${plural(namespaces.size, 'namespace')}: ${note}`
  })
  if (moreFaults > 0) lines.push(`${plural(moreFaults, 'more failure')} of rules not shown`)
  if (kind === 'dump' && checked > 0 && !facts.hasLimitRanges) {
    lines.push('no LimitRange among the inputs, so the audit assumes that the cluster has none that fills in requests')
  }
  return lines
}
