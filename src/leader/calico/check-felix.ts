import { evaluate } from '../../engine/evaluate.ts'
import { mutate } from '../../engine/mutate.ts'
import type { Rule } from '../../engine/rule.ts'
import { type FelixSettings, isFelixOnDelete } from '../../kubernetes/calico/felix.ts'
import { type Subject, subjectOfObject } from '../../kubernetes/subject.ts'
import { controllerOf } from '../../kubernetes/workloads.ts'
import type { JsonRecord } from '../../lib/json/shape.ts'
import type { Millis } from '../../lib/units.ts'
import type { Settings } from '../../policy/settings.ts'
import type { CalicoCheck } from './calico-keeper.ts'

export interface FelixPolicy {
  settingsFor(namespace: string): Settings
  exemption(ruleId: string, subject: Subject, now: Millis): string | undefined
}

/** What a check needs to know besides the DaemonSet. */
export interface FelixContext {
  /** The strategy first. */
  readonly rules: readonly Rule[]
  readonly policy: FelixPolicy
  /** undefined: not known. */
  readonly felixConfigurations: readonly FelixSettings[] | undefined
}

/**
 * What the rules for Calico find in a DaemonSet as it is stored, and the next repair. While the strategy is not in force, the
 * variable is not repaired: under RollingUpdate that would restart calico-node on every node. Nor while FelixConfigurations
 * are not known: it would switch off those of some nodes. What a controller owns is never repaired, since that controller
 * would undo it. Throws what the object's shape makes a rule throw.
 */
export function checkFelix(
  object: JsonRecord,
  { rules, policy, felixConfigurations }: FelixContext,
  now: Millis
): CalicoCheck {
  const subject = subjectOfObject(structuredClone(object))
  const settings = policy.settingsFor(subject.namespace)
  const facts = felixConfigurations === undefined ? {} : { felixConfigurations }
  const snapshot = { settings, facts, exemption: (ruleId: string) => policy.exemption(ruleId, subject, now) }
  const { findings } = evaluate(subject, rules, snapshot)
  if (findings.length === 0 || controllerOf(subject.metadata) !== undefined) return { findings, repair: undefined }
  for (const rule of rules) {
    const isOnDelete = isFelixOnDelete(subject)
    const { operations } = mutate(subject, [rule], snapshot)
    if (operations.length === 0) continue
    const isSafe = rule.id === 'calico-update-strategy' || (isOnDelete && felixConfigurations !== undefined)
    return { findings, repair: isSafe ? { ruleId: rule.id, operations } : undefined }
  }
  return { findings, repair: undefined }
}
