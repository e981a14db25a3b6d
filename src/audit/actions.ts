import { compareTexts } from '../model/compare.ts'
import { type AuditAction, auditLevels } from '../report/audit.ts'
import type { FoldedFinding } from './fold.ts'

/**
 * What to look at first, by rule. First who eats the PIDs, for that goes on while the report is read; then a ceiling
 * that is lower than anybody thinks, which a restart of the kubelet mends; then what is nearly full. What cuts the
 * network off comes before what only bounds the next incident, and habits come last. A rule that is not here is last.
 */
export const urgency: readonly string[] = [
  'pod-thread-outlier',
  'node-kubepods-drift',
  'node-pid-pressure',
  'node-pid-usage',
  'calico-iptables-backend',
  'calico-backend-conflict',
  'felix-configuration',
  'node-pod-pids-limit',
  'node-pid-max',
  'node-pid-reservation',
  'node-pid-eviction',
  'calico-update-strategy',
  'calico-revision-drift',
  'node-exporter-processes',
  'runtime-thread-cap',
  'best-effort',
  'pid-annotations',
  'resource-requests'
]

const mostExamples = 3

/** One action for each rule with findings, the most urgent first, each with its worst objects. */
export function actionsOf(findings: readonly FoldedFinding[]): AuditAction[] {
  const groups = Map.groupBy(findings, ({ ruleId }) => ruleId)
  return [...groups]
    .toSorted(([a], [b]) => urgencyOf(a) - urgencyOf(b) || compareTexts(a, b))
    .map(([ruleId, group]) => {
      const worst = worstOfEach(group)
      const examples = worst.slice(0, mostExamples).map(({ object, detail }) => ({ object, detail }))
      return { ruleId, objects: worst.length, examples }
    })
}

/** Of each object its worst finding, the worst object first. */
function worstOfEach(findings: readonly FoldedFinding[]): FoldedFinding[] {
  const worst = new Map<string, FoldedFinding>()
  for (const finding of findings.toSorted(byWorst)) {
    const key = keyOf(finding)
    if (!worst.has(key)) worst.set(key, finding)
  }
  return [...worst.values()]
}

function urgencyOf(ruleId: string): number {
  const at = urgency.indexOf(ruleId)
  return at < 0 ? urgency.length : at
}

function keyOf({ object: { kind, namespace, name } }: FoldedFinding): string {
  return `${kind} ${namespace} ${name}`
}

/** By level, then by what the rule itself weighs, then those with the most pods. */
function byWorst(a: FoldedFinding, b: FoldedFinding): number {
  return (
    auditLevels.indexOf(a.level) - auditLevels.indexOf(b.level) ||
    b.weight - a.weight ||
    b.children - a.children ||
    compareTexts(keyOf(a), keyOf(b)) ||
    compareTexts(a.pointer, b.pointer)
  )
}
