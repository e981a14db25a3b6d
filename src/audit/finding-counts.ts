import { compareTexts } from '../lib/compare-text.ts'
import { type AuditFinding, type AuditSummary, auditLevels, type LevelCounts } from '../report/audit/audit-report.ts'

type Counts = { -readonly [K in keyof LevelCounts]: LevelCounts[K] }

/** Findings counted by level, by rule and by namespace. */
export function countsOf(
  findings: readonly AuditFinding[],
  ruleIds: readonly string[]
): Pick<AuditSummary, 'levels' | 'byRule' | 'byNamespace'> {
  const levels = noCounts()
  const rules = new Map<string, Counts & { children: number }>()
  const namespaces = new Map<string, Counts>()
  for (const { ruleId, level, children, object } of findings) {
    levels[level]++
    const rule = rules.get(ruleId) ?? { children: 0, ...noCounts() }
    rules.set(ruleId, rule)
    rule[level]++
    rule.children += children
    const namespace = namespaces.get(object.namespace) ?? noCounts()
    namespaces.set(object.namespace, namespace)
    namespace[level]++
  }
  return {
    levels,
    byRule: [...rules]
      .toSorted(([a], [b]) => ruleIds.indexOf(a) - ruleIds.indexOf(b))
      .map(([ruleId, counts]) => ({ ruleId, ...counts })),
    byNamespace: [...namespaces]
      .toSorted(([a], [b]) => compareTexts(a, b))
      .map(([namespace, counts]) => ({ namespace, ...counts }))
  }
}

function noCounts(): Counts {
  return Object.fromEntries(auditLevels.map((level) => [level, 0])) as Counts
}

/** By level, rule, namespace, kind, name and pointer. */
export function sortedFindings<F extends AuditFinding>(findings: Iterable<F>, ruleIds: readonly string[]): F[] {
  return [...findings].sort(
    (a, b) =>
      auditLevels.indexOf(a.level) - auditLevels.indexOf(b.level) ||
      ruleIds.indexOf(a.ruleId) - ruleIds.indexOf(b.ruleId) ||
      compareTexts(a.object.namespace, b.object.namespace) ||
      compareTexts(a.object.kind, b.object.kind) ||
      compareTexts(a.object.name, b.object.name) ||
      compareTexts(a.pointer, b.pointer)
  )
}
