import type { Subject } from '../kubernetes/subject.ts'
import { Draft, type PatchOperation } from '../lib/json/patch.ts'
import type { Exempted, Fault, Skip, Verdict } from '../model/finding.ts'
import { isFixed } from './decide.ts'
import { contextOf, leavesAlone, missingFact, type Snapshot } from './evaluate.ts'
import type { Rule } from './rule.ts'

export interface Mutation {
  /** RFC 6902, minimal; empty when nothing changes. */
  readonly operations: readonly PatchOperation[]
  /** The rules that changed something. */
  readonly fixedBy: readonly string[]
  /** What the author of the object is warned of: what was changed, why, and what follows. */
  readonly notes: readonly string[]
  /** What stood in the way; a mutation makes no findings. */
  readonly verdict: Verdict
}

/**
 * Mends the subject's object in place by the fixes of its rules, in their order, and tells what was changed.
 * A fix that throws leaves no half-done change behind: then there are no operations at all, only the fault.
 */
export function mutate(subject: Subject, rules: readonly Rule[], snapshot: Snapshot): Mutation {
  const skips: Skip[] = []
  const faults: Fault[] = []
  const exempted: Exempted[] = []
  const fixedBy: string[] = []
  const notes = new Set<string>()
  const draft = new Draft(subject.object as Record<string, unknown>)
  const context = contextOf(snapshot)
  for (const rule of rules) {
    if (rule.fix === undefined || !isFixed(snapshot.settings.modes.get(rule.id))) continue
    try {
      if (!rule.fixes(subject)) continue
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
      if (!rule.everyWrite && leavesAlone(rule, subject)) continue
      const before = draft.operations.length
      const said = rule.notes(subject, context)
      rule.fix(subject, draft, context)
      if (draft.operations.length === before) continue
      fixedBy.push(rule.id)
      for (const note of said) notes.add(note)
    } catch (error) {
      faults.push({ ruleId: rule.id, error })
    }
  }
  const verdict = { findings: [], skips, faults, exempted }
  if (faults.length > 0) return { operations: [], fixedBy: [], notes: [], verdict }
  return { operations: draft.operations, fixedBy, notes: [...notes], verdict }
}
