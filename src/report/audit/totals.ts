import { compareTexts } from '../../lib/compare-text.ts'
import { isRecord } from '../../lib/json/shape.ts'
import { type AuditGap, type AuditLevel, type AuditReport, auditLevels, isComplete } from './audit-report.ts'

export const auditTotalsApiVersion = 'pidguard.io/audit-totals/v1'

/**
 * Namespaces counted one by one, those with the most findings; findings outside of namespaces are counted too. It bounds the
 * series of a cluster of 10,000. Own choice.
 */
export const mostNamespaces = 100
/** Name for all other namespaces together; no namespace can have this name. */
export const otherNamespaces = '(others)'
/** Gaps listed one by one, for a log line. Own choice. */
const mostGaps = 5

/** Findings of one rule and level in one namespace; never 0. */
export interface FindingCount {
  readonly ruleId: string
  /** Empty for what belongs to none. */
  readonly namespace: string
  readonly level: AuditLevel
  readonly findings: number
}

/** Objects that a rule checked, and those it should have: skipped for want of a fact, or failed. */
export interface RuleCount {
  readonly ruleId: string
  /** 0: it was not asked, or nothing was there for it. */
  readonly checked: number
  readonly unchecked: number
}

/** An audit in numbers, of bounded size, for metrics: `serve --audit-interval` reads it. */
export interface AuditTotals {
  readonly apiVersion: typeof auditTotalsApiVersion
  readonly kind: 'AuditTotals'
  readonly version: string
  /** RFC 3339, UTC. */
  readonly takenAt: string
  readonly exitCode: number
  /** Everything was looked at that the policy asks for. */
  readonly complete: boolean
  /** By rule, namespace and level, where there is one at least. */
  readonly findings: readonly FindingCount[]
  /** Namespaces that are counted as `otherNamespaces`. */
  readonly folded: number
  /** Every rule there is. */
  readonly rules: readonly RuleCount[]
  /** Parts that could not be looked at, and the first of them. */
  readonly gaps: number
  readonly firstGaps: readonly AuditGap[]
}

/** The report in numbers. */
export function totalsOf(report: AuditReport): AuditTotals {
  const { version, takenAt, exitCode, summary, gaps, skips, faults } = report
  const counted = countedNamespaces(summary.byNamespace)
  return {
    apiVersion: auditTotalsApiVersion,
    kind: 'AuditTotals',
    version,
    takenAt,
    exitCode,
    complete: isComplete(report),
    findings: countsOf(report, counted),
    folded: summary.byNamespace.filter(({ namespace }) => !counted.has(namespace)).length,
    rules: summary.checkedByRule.map(({ ruleId, objects }) => ({
      ruleId,
      checked: objects,
      unchecked:
        skips.reduce((sum, skip) => sum + (skip.ruleId === ruleId ? skip.objects : 0), 0) +
        faults.filter((fault) => fault.ruleId === ruleId).length
    })),
    gaps: gaps.length,
    firstGaps: gaps.slice(0, mostGaps)
  }
}

export function renderAuditTotals(report: AuditReport): string {
  return `${JSON.stringify(totalsOf(report))}\n`
}

function countedNamespaces(all: AuditReport['summary']['byNamespace']): ReadonlySet<string> {
  const sum = (counts: (typeof all)[number]): number => auditLevels.reduce((held, level) => held + counts[level], 0)
  const worst = all
    .filter(({ namespace }) => namespace !== '')
    .toSorted((a, b) => sum(b) - sum(a) || compareTexts(a.namespace, b.namespace))
    .slice(0, mostNamespaces)
  return new Set(['', ...worst.map(({ namespace }) => namespace)])
}

function countsOf({ findings }: AuditReport, counted: ReadonlySet<string>): FindingCount[] {
  const counts = new Map<string, { -readonly [K in keyof FindingCount]: FindingCount[K] }>()
  for (const { ruleId, level, object } of findings) {
    const namespace = counted.has(object.namespace) ? object.namespace : otherNamespaces
    const key = `${ruleId} ${level} ${namespace}`
    const held = counts.get(key)
    if (held === undefined) counts.set(key, { ruleId, namespace, level, findings: 1 })
    else held.findings++
  }
  return [...counts.values()].sort(
    (a, b) =>
      compareTexts(a.ruleId, b.ruleId) ||
      compareTexts(a.namespace, b.namespace) ||
      auditLevels.indexOf(a.level) - auditLevels.indexOf(b.level)
  )
}

/** Reads what `-o totals` wrote; undefined where it is none, or only a part of one. */
export function readAuditTotals(text: string): AuditTotals | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return isTotals(value) ? value : undefined
}

function isTotals(value: unknown): value is AuditTotals {
  if (!isRecord(value)) return false
  const { apiVersion, kind, version, takenAt, exitCode, complete, findings, folded, rules, gaps, firstGaps } = value
  return (
    apiVersion === auditTotalsApiVersion &&
    kind === 'AuditTotals' &&
    typeof version === 'string' &&
    typeof takenAt === 'string' &&
    isCount(exitCode) &&
    typeof complete === 'boolean' &&
    isListOf(findings, isFindingCount) &&
    isCount(folded) &&
    isListOf(rules, isRuleCount) &&
    isCount(gaps) &&
    isListOf(firstGaps, isRecord)
  )
}

function isFindingCount(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { ruleId, namespace, level, findings } = value
  const isLevel = auditLevels.some((each) => each === level)
  return typeof ruleId === 'string' && typeof namespace === 'string' && isLevel && isCount(findings)
}

function isRuleCount(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { ruleId, checked, unchecked } = value
  return typeof ruleId === 'string' && isCount(checked) && isCount(unchecked)
}

function isListOf(value: unknown, isOne: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne)
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}
