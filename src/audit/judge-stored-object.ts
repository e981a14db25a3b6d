import type { DecidedFinding } from '../engine/decide.ts'
import { evaluate, isAsked, type JudgingInput } from '../engine/evaluate.ts'
import { mutateThenValidate } from '../engine/mutate-then-validate.ts'
import type { AllFacts, Rule } from '../engine/rule.ts'
import type { RuleIndex } from '../engine/rule-index.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { namedPointer } from '../lib/json/pointer.ts'
import type { Exempted, Fault, RuleFinding, Skip } from '../model/finding.ts'
import type { NamespaceFacts, Settings } from '../policy/settings.ts'
import type { AuditLevel } from '../report/audit/audit-report.ts'

/** The policy as an audit asks for it. */
export interface AuditPolicy {
  settingsFor(namespace: string, facts: NamespaceFacts | undefined): Settings
  exemption(ruleId: string, subject: Subject): string | undefined
}

export interface LevelledFinding extends Omit<RuleFinding, 'remedy'> {
  readonly level: AuditLevel
  /** undefined: the rule's own. */
  readonly remedy: string | undefined
  /** The pointer with names for the numbers of list entries. */
  readonly field: string
}

/** What an audit says of one object as it is stored. */
export interface AuditVerdict {
  /** The rules that checked it: on in the policy, not skipped, not failed, not exempted. They may have found nothing. */
  readonly checkedBy: readonly string[]
  readonly findings: readonly LevelledFinding[]
  readonly skips: readonly Skip[]
  readonly faults: readonly Fault[]
  readonly exempted: readonly Exempted[]
}

/**
 * Checks an object as it is stored. A finding that the webhook would still have after its own fixes gets the level of
 * its action (deny, warn, audit). A finding that the webhook would fix is a `change`: the object stays as it is until
 * it is written again. The fixes are made in the given object. undefined when no rule looks at it.
 */
export function auditVerdictOf(
  subject: Subject,
  index: RuleIndex,
  policy: AuditPolicy,
  settings: Settings,
  facts: Partial<AllFacts>
): AuditVerdict | undefined {
  const rules = rulesFor(subject, index, facts)
  if (rules.length === 0) return undefined
  const snapshot: JudgingInput = { settings, facts, exemption: (ruleId) => policy.exemption(ruleId, subject) }
  const { findings, ...rest } = evaluate(subject, rules, snapshot)
  const unchecked = new Set([...rest.skips, ...rest.faults, ...rest.exempted].map(({ ruleId }) => ruleId))
  const checkedBy = rules.filter((rule) => isAsked(rule, snapshot) && !unchecked.has(rule.id)).map(({ id }) => id)
  if (findings.length === 0) return { checkedBy, findings: [], ...rest }
  // Name the fields before the fixes: a fix may insert entries in front of the one that was found.
  const remedies = new Map(rules.map(({ id, remedy }) => [id, remedy]))
  const named = findings.map((finding) => ({
    ...finding,
    remedy: finding.remedy === remedies.get(finding.ruleId) ? undefined : finding.remedy,
    field: namedPointer(subject.object, finding.pointer)
  }))
  const left = mutateThenValidate(subject, rules, snapshot).findings
  return { checkedBy, findings: named.map((finding) => levelled(finding, left)), ...rest }
}

/** On a node without a ceiling no rule about PIDs of nodes has a question: nothing is found there, and nothing skipped. */
function rulesFor(subject: Subject, index: RuleIndex, { node }: Partial<AllFacts>): readonly Rule[] {
  const rules = index.rulesFor(subject)
  if (node?.reading?.withoutCeiling === undefined) return rules
  return rules.filter(({ requiredFacts }) => !requiredFacts.includes('node'))
}

function levelled(finding: Omit<LevelledFinding, 'level'>, left: readonly DecidedFinding[]): LevelledFinding {
  const found = left.find(
    ({ ruleId, reason, pointer }) =>
      ruleId === finding.ruleId && reason === finding.reason && pointer === finding.pointer
  )
  return { ...finding, level: found?.action ?? 'change' }
}
