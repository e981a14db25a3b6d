import type { Subject } from '../kubernetes/subject.ts'
import type { PatchOperation } from '../lib/json/patch.ts'
import type { Verdict } from '../model/finding.ts'
import { type Decision, decide } from './decide.ts'
import { evaluate, type Snapshot } from './evaluate.ts'
import { mutate } from './mutate.ts'
import type { Rule } from './rule.ts'

export interface Judged {
  /** What both webhooks together would have said. */
  readonly verdict: Verdict
  readonly decision: Decision
  /** What the mutating webhook would have changed, and the rules that did. */
  readonly operations: readonly PatchOperation[]
  readonly fixedBy: readonly string[]
}

/**
 * What an object would meet at the API server: mended first, then checked as mended. The object is mended in place.
 */
export function judge(subject: Subject, rules: readonly Rule[], snapshot: Snapshot): Judged {
  const { operations, fixedBy, verdict: mended } = mutate(subject, rules, snapshot)
  const checked = evaluate(subject, rules, snapshot)
  const verdict: Verdict = {
    findings: checked.findings,
    skips: united(mended.skips, checked.skips),
    faults: united(mended.faults, checked.faults),
    exempted: united(mended.exempted, checked.exempted)
  }
  return { verdict, decision: decide(subject, verdict, snapshot.settings), operations, fixedBy }
}

/** A rule that could not mend could usually not check either, for the same reason; that is told once. */
function united<T extends { readonly ruleId: string }>(mended: readonly T[], checked: readonly T[]): readonly T[] {
  if (mended.length === 0) return checked
  return [...mended, ...checked.filter(({ ruleId }) => !mended.some((item) => item.ruleId === ruleId))]
}
