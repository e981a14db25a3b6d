import { runsFelix } from '../kubernetes/felix.ts'
import { oldSubjectOf, type Subject } from '../kubernetes/subject.ts'
import { isSame } from '../lib/json/deep-equal.ts'
import type { Exempted, Fault, RuleFinding, Skip, Verdict } from '../model/finding.ts'
import type { Settings } from '../policy/settings.ts'
import type { AllFacts, FactName, Rule, RuleContext } from './rule.ts'

/** What one review is judged with: one snapshot, so every rule sees the same world. */
export interface Snapshot {
  readonly settings: Settings
  readonly facts: Partial<AllFacts>
  /** The reason why the policy exempts the subject from a rule, if it does. */
  exemption(ruleId: string): string | undefined
}

/** What the given rules find in the subject. Never throws: a rule that does is a fault in the verdict. */
export function evaluate(subject: Subject, rules: readonly Rule[], snapshot: Snapshot): Verdict {
  const findings: RuleFinding[] = []
  const skips: Skip[] = []
  const faults: Fault[] = []
  const exempted: Exempted[] = []
  const context = contextOf(snapshot)
  for (const rule of rules) {
    if (!isAsked(rule, snapshot)) continue
    const exemption = snapshot.exemption(rule.id)
    if (exemption !== undefined) {
      exempted.push({ ruleId: rule.id, reason: exemption })
      continue
    }
    const missing = missingFact(rule, snapshot.facts)
    if (missing !== undefined) {
      skips.push({ ruleId: rule.id, reason: `${missing} not known` })
      continue
    }
    try {
      const found = rule.check(subject, context)
      if (found.length === 0) {
        const lack = rule.lacks(subject, context)
        if (lack !== undefined) skips.push({ ruleId: rule.id, reason: lack })
        continue
      }
      const isOld = leavesAlone(rule, subject)
      if (isOld && !rule.everyWrite) continue
      const isSpared = isOld || isCalicoItself(rule, subject)
      for (const finding of found) {
        const whole = { remedy: rule.remedy, ...finding, ruleId: rule.id }
        findings.push(isSpared ? { ...whole, advisory: true } : whole)
      }
    } catch (error) {
      const failsOpen = rule.failsOpen || isCalicoItself(rule, subject)
      faults.push(failsOpen ? { ruleId: rule.id, error, failsOpen } : { ruleId: rule.id, error })
    }
  }
  return { findings, skips, faults, exempted }
}

/**
 * A rule for pods warns about a pod that runs Felix, in any namespace, and never holds it up: without it no other pod of the
 * node has a network, and it has to come back exactly when PIDs are short.
 */
function isCalicoItself({ scope }: Rule, subject: Subject): boolean {
  return scope === 'pods' && runsFelix(subject)
}

/** Whether the policy wants the rule to look at all. */
export function isAsked(rule: Rule, { settings }: Pick<Snapshot, 'settings'>): boolean {
  return settings.modes.get(rule.id) !== 'off' && rule.isAsked(settings)
}

export function missingFact(rule: Rule, facts: Partial<AllFacts>): FactName | undefined {
  return rule.needs.find((need) => facts[need] === undefined)
}

/** Everything there is; a rule's own type shows it only what it named. */
export function contextOf(snapshot: Snapshot): RuleContext<FactName> {
  const { facts, settings } = snapshot
  return { ...facts, settings, isExempt: (ruleId) => snapshot.exemption(ruleId) !== undefined } as RuleContext<FactName>
}

/** Whether an UPDATE leaves everything this rule reads as it was. */
export function leavesAlone(rule: Rule, subject: Subject): boolean {
  if (subject.operation !== 'UPDATE' || subject.oldObject === undefined) return false
  const old = oldSubjectOf(subject)
  return old !== undefined && isSame(rule.reads(subject), rule.reads(old))
}
