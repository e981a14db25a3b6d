import { isDeepStrictEqual } from 'node:util'
import jsonPatch from 'fast-json-patch'
import { evaluate, type JudgingInput } from '../../src/engine/evaluate.ts'
import { mutate } from '../../src/engine/mutate.ts'
import type { AllFacts, Rule } from '../../src/engine/rule.ts'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import type { PatchOperation } from '../../src/lib/json/patch.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { Finding } from '../../src/model/finding.ts'
import { type SettingsChange, settings } from './settings.ts'
import { type RequestChange, subjectFrom } from './subjects.ts'

/** What a test may say of everything around the object. */
export interface World {
  readonly settings?: SettingsChange
  readonly facts?: Partial<AllFacts>
  readonly request?: RequestChange
  /** Reasons of exemptions, by rule id. */
  readonly exempt?: Readonly<Record<string, string>>
}

export function snapshotOf(world: World = {}): JudgingInput {
  return {
    settings: settings(world.settings),
    facts: world.facts ?? {},
    exemption: (ruleId) => world.exempt?.[ruleId]
  }
}

/**
 * What the rule finds in a request for the object, or nothing where the engine does not even ask it; with a remedy where
 * it is not the rule's own. Faults throw.
 */
export function findingsOf(rule: Rule, object: JsonRecord, world: World = {}): Finding[] {
  const subject = subjectFrom(structuredClone(object), world.request)
  const { findings, faults } = evaluate(subject, new RuleIndex([rule]).rulesFor(subject), snapshotOf(world))
  for (const { error } of faults) throw error
  return findings.map(({ ruleId, remedy, ...finding }) => (remedy === rule.remedy ? finding : { ...finding, remedy }))
}

/** Why the rule could not be judged on the object, if it could not. */
export function skipsOf(rule: Rule, object: JsonRecord, world: World = {}): string[] {
  const subject = subjectFrom(structuredClone(object), world.request)
  const { skips } = evaluate(subject, new RuleIndex([rule]).rulesFor(subject), snapshotOf(world))
  return skips.map(({ reason }) => reason)
}

/** Findings in the two things that matter: whether an enforcing rule would deny for it, and the place it names. */
export function told(findings: readonly Finding[]): string[] {
  return findings.map(({ advisory, pointer }) => `${advisory === true ? 'advice' : 'denial'} ${pointer}`)
}

export interface Mended {
  /** The object as it is after the fixes; the one given stays as it was. */
  readonly object: JsonRecord
  readonly operations: readonly PatchOperation[]
  readonly fixedBy: readonly string[]
}

/**
 * What the fixes of the rules make of the object. Throws when a rule faults, when the patch does not turn the object
 * as sent into the object as mended, or when the fixes find something to do a second time.
 */
export function mended(rules: readonly Rule[], object: JsonRecord, world: World = {}): Mended {
  const { object: after, operations, fixedBy } = mendedOnce(rules, object, world)
  const patched = jsonPatch.applyPatch(structuredClone(object), structuredClone(operations) as never, true)
  // Reading makes of null what an API server decodes it to.
  const { object: read } = subjectFrom(patched.newDocument as JsonRecord, world.request)
  if (!isDeepStrictEqual(read, after)) throw new Error('the patch makes another object than the fixes')
  const again = mendedOnce(rules, after, world)
  if (again.operations.length > 0) throw new Error(`mended twice: ${JSON.stringify(again.operations)}`)
  return { object: after, operations, fixedBy }
}

function mendedOnce(rules: readonly Rule[], object: JsonRecord, world: World): Mended {
  const subject = subjectFrom(structuredClone(object), world.request)
  const matching = new RuleIndex(rules).rulesFor(subject)
  const { operations, fixedBy, verdict } = mutate(subject, matching, snapshotOf(world))
  for (const { error } of verdict.faults) throw error
  return { object: subject.object as JsonRecord, operations: structuredClone(operations), fixedBy }
}
