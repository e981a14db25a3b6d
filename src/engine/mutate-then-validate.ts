import type { Subject } from '../kubernetes/subject.ts'
import type { PatchOperation } from '../lib/json/patch.ts'
import type { Verdict } from '../model/finding.ts'
import { type DecidedFinding, type Decision, decidedFindings } from './decide.ts'
import { contextOf, evaluate, type JudgingInput } from './evaluate.ts'
import { mutate } from './mutate.ts'
import type { Rule } from './rule.ts'

interface Outcome {
  /** What was found. */
  readonly verdict: Verdict
  /** What the mutating webhook changes, and the rules that do. */
  readonly operations: readonly PatchOperation[]
  readonly fixedBy: readonly string[]
}

/** What the engine says of one object to the API server, as one webhook. */
export interface Judged extends Outcome {
  readonly decision: Decision
}

/** What it says of one in a file or an audit, as both webhooks in turn. Nobody is answered, so there are no texts for it. */
export interface JudgedInTurn extends Outcome {
  readonly findings: readonly DecidedFinding[]
}

/**
 * What an object would meet at the API server: first the fixes, then the checks of the fixed object. The object is
 * changed in place.
 */
export function mutateThenValidate(subject: Subject, rules: readonly Rule[], input: JudgingInput): JudgedInTurn {
  const context = contextOf(input)
  const { operations, fixedBy, verdict: mutation } = mutate(subject, rules, input, context)
  const validation = evaluate(subject, rules, input, context)
  const verdict: Verdict = {
    findings: validation.findings,
    skips: mergeByRule(mutation.skips, validation.skips),
    faults: mergeByRule(mutation.faults, validation.faults),
    exempted: mergeByRule(mutation.exempted, validation.exempted)
  }
  return { verdict, findings: decidedFindings(verdict, input.settings), operations, fixedBy }
}

/** A rule that was skipped, failed or was exempted in both halves is reported once. */
function mergeByRule<T extends { readonly ruleId: string }>(first: readonly T[], second: readonly T[]): readonly T[] {
  if (first.length === 0) return second
  return [...first, ...second.filter(({ ruleId }) => !first.some((item) => item.ruleId === ruleId))]
}
