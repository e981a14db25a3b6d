import { runsFelix } from '../kubernetes/calico/felix.ts'
import { oldSubjectOf, type Subject } from '../kubernetes/subject.ts'
import { isSame } from '../lib/json/deep-equal.ts'
import { memoized } from '../lib/memoize.ts'
import type { Exempted, Fault, RuleFinding, Skip, Verdict } from '../model/finding.ts'
import type { Settings } from '../policy/settings.ts'
import type { AllFacts, FactName, Rule, RuleContext } from './rule.ts'

/** What one object is checked with. Every rule sees the same settings and the same facts. */
export interface JudgingInput {
  readonly settings: Settings
  readonly facts: Partial<AllFacts>
  /** Why the policy exempts the subject from a rule; undefined: it does not. */
  exemption(ruleId: string): string | undefined
}

/** What the given rules find in the subject. Never throws: a rule that does is a fault in the verdict. */
export function evaluate(
  subject: Subject,
  rules: readonly Rule[],
  input: JudgingInput,
  context = contextOf(input)
): Verdict {
  const findings: RuleFinding[] = []
  const skips: Skip[] = []
  const faults: Fault[] = []
  const exempted: Exempted[] = []
  for (const rule of rules) {
    if (!isAsked(rule, input)) continue
    const exemption = input.exemption(rule.id)
    if (exemption !== undefined) {
      exempted.push({ ruleId: rule.id, reason: exemption })
      continue
    }
    const missing = firstMissingFact(rule, input.facts)
    if (missing !== undefined) {
      skips.push({ ruleId: rule.id, reason: notKnown(missing) })
      continue
    }
    try {
      const found = rule.check(subject, context)
      if (found.length === 0) {
        const missing = rule.missingFact(subject, context)
        if (missing !== undefined) skips.push({ ruleId: rule.id, reason: missing })
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
      faults.push(faultOf(rule, subject, error))
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

/** The rule threw: what it would have found is unknown. */
export function faultOf(rule: Rule, subject: Subject, error: unknown): Fault {
  const failsOpen = rule.failsOpen || isCalicoItself(rule, subject)
  return failsOpen ? { ruleId: rule.id, error, failsOpen } : { ruleId: rule.id, error }
}

/** Whether the policy turns the rule on for this object. */
export function isAsked(rule: Rule, { settings }: Pick<JudgingInput, 'settings'>): boolean {
  return settings.modes.get(rule.id) !== 'off' && rule.isAsked(settings)
}

/** The first fact that the rule requires and this front does not have. */
export function firstMissingFact(rule: Rule, facts: Partial<AllFacts>): FactName | undefined {
  for (const name of rule.requiredFacts) if (facts[name] === undefined) return name
  return undefined
}

/** The reason of a skip for want of a fact; the same text each time. */
export const notKnown = memoized((fact) => `${fact} not known`)

/** All facts this front has; the type of each rule shows it only those it named. */
export function contextOf(input: JudgingInput): RuleContext<FactName> {
  const { facts, settings } = input
  return { ...facts, settings, isExempt: (ruleId) => input.exemption(ruleId) !== undefined } as RuleContext<FactName>
}

/** Whether an UPDATE leaves everything this rule reads as it was. */
export function leavesAlone(rule: Rule, subject: Subject): boolean {
  if (subject.operation !== 'UPDATE' || subject.oldObject === undefined) return false
  const old = oldSubjectOf(subject)
  return old !== undefined && isSame(rule.reads(subject), rule.reads(old))
}
