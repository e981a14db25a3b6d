import type { Subject } from '../kubernetes/subject.ts'
import { Draft, type PatchOperation } from '../lib/json/patch.ts'
import type { Exempted, Fault, Skip, Verdict } from '../model/finding.ts'
import { isFixed } from './decide.ts'
import { contextOf, faultOf, firstMissingFact, type JudgingInput, leavesAlone, notKnown } from './evaluate.ts'
import type { Rule } from './rule.ts'

export interface Mutation {
  /** RFC 6902, minimal; empty when nothing changes. */
  readonly operations: readonly PatchOperation[]
  /** The rules that changed something. */
  readonly fixedBy: readonly string[]
  /** What the author of the object is warned of: what was changed, why, and what follows. */
  readonly notes: readonly string[]
  /** What prevented fixes; a mutation makes no findings. */
  readonly verdict: Verdict
}

/**
 * Changes the subject's object in place by the fixes of its rules, in their order, and returns what was changed.
 * When a fix throws, all changes are taken back: no operations, only the fault, and the object as it was sent.
 */
export function mutate(
  subject: Subject,
  rules: readonly Rule[],
  input: JudgingInput,
  context = contextOf(input)
): Mutation {
  const skips: Skip[] = []
  const faults: Fault[] = []
  const exempted: Exempted[] = []
  const fixedBy: string[] = []
  let notes: string[] = []
  const draft = new Draft(subject.object as Record<string, unknown>)
  for (const rule of rules) {
    if (rule.fix === undefined || !isFixed(input.settings.modes.get(rule.id)) || !rule.isAsked(input.settings)) continue
    try {
      if (!rule.fixes(subject)) continue
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
      if (!rule.everyWrite && leavesAlone(rule, subject)) continue
      const before = draft.operations.length
      const said = rule.notes(subject, context)
      rule.fix(subject, draft, context)
      if (draft.operations.length === before) continue
      fixedBy.push(rule.id)
      if (said.length > 0) notes = [...new Set([...notes, ...said])]
    } catch (error) {
      faults.push(faultOf(rule, subject, error))
    }
  }
  const verdict = { findings: [], skips, faults, exempted }
  if (faults.length === 0) return { operations: draft.operations, fixedBy, notes, verdict }
  draft.undoAll()
  return { operations: [], fixedBy: [], notes: [], verdict }
}
