import { globMatches, selectorMatches } from '../kubernetes/label-selector.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { workloadOf } from '../kubernetes/workloads.ts'
import type { Millis } from '../lib/units.ts'
import type { Exemption } from './policy.ts'
import type { RuleInfo } from './settings.ts'

/** What an exemption looks at. */
export interface ExemptionTarget {
  /** Empty for cluster-scoped objects, which no namespace pattern matches. */
  readonly namespace: string
  /** Its own, and that of the workload it belongs to. */
  readonly kinds: readonly string[]
  /** The names it goes by: its own, or those of the workload it belongs to. */
  readonly names: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** What an exemption can name an object by: its own name, and the workload that people know its pods by. */
export function targetOf(subject: Subject): ExemptionTarget {
  return new SubjectTarget(subject)
}

class SubjectTarget implements ExemptionTarget {
  readonly #subject: Subject

  constructor(subject: Subject) {
    this.#subject = subject
  }

  get namespace(): string {
    return this.#subject.namespace
  }

  /** Computed on demand, as are the names: few exemptions get as far as asking for them. */
  get kinds(): readonly string[] {
    return [this.#subject.kind, workloadOf(this.#subject.metadata).kind]
  }

  get names(): readonly string[] {
    const { metadata } = this.#subject
    const names = [metadata.name, metadata.generateName?.replace(/-$/, ''), workloadOf(metadata).name]
    return names.filter((name): name is string => Boolean(name))
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#subject.metadata.labels ?? {}
  }
}

/** The first exemption that keeps `ruleId` away from the object, if any. */
export function exemptionFor(
  exemptions: readonly Exemption[],
  ruleId: string,
  target: ExemptionTarget,
  now: Millis
): Exemption | undefined {
  if (exemptions.length === 0) return undefined
  return exemptions.find(
    (exemption) => coversRule(exemption, ruleId) && !hasExpired(exemption, now) && reaches(exemption, target)
  )
}

/** For reports: expired exemptions have no effect, and their authors should learn of it. */
export function expiredNotes(exemptions: readonly Exemption[], now: Millis): string[] {
  const expired = exemptions.filter((exemption) => hasExpired(exemption, now))
  const [first] = expired
  if (first === undefined) return []
  const many = expired.length > 1 ? `${expired.length} exemptions of the policy have` : 'an exemption of the policy has'
  const ended = new Date(first.expiresAt - 1).toISOString().slice(0, 10)
  return [`${many} expired and no longer counts: ${JSON.stringify(first.reason)} (last day ${ended})`]
}

/**
 * Exemptions from rules for pods that anybody who may create pods can claim, with a sentence each: names, labels and owner
 * references of a pod are its author's words. Only who makes namespaces chooses their names.
 */
export function claimableNotes(exemptions: readonly Exemption[], rules: readonly RuleInfo[], now: Millis): string[] {
  const podRules = rules.filter(({ scope }) => scope === 'pods')
  return exemptions
    .filter(
      (exemption) =>
        !hasExpired(exemption, now) &&
        (exemption.namespaces === undefined || exemption.namespaces.includes('*')) &&
        podRules.some(({ id }) => coversRule(exemption, id))
    )
    .map(
      ({ reason }) =>
        `the exemption ${JSON.stringify(reason)} holds in every namespace: who may create pods can claim it by a name, a label or an owner reference. Give it namespaces.`
    )
}

function hasExpired(exemption: Exemption, now: Millis): boolean {
  return now >= exemption.expiresAt
}

/** Whether the exemption names the rule, or all of them. */
export function coversRule(exemption: Exemption, ruleId: string): boolean {
  return exemption.rules.some((id) => id === '*' || id === ruleId)
}

function reaches({ namespaces, kinds, names, selector }: Exemption, target: ExemptionTarget): boolean {
  if (kinds !== undefined && !target.kinds.some((kind) => kinds.includes(kind))) return false
  if (namespaces !== undefined && !matchesAny(namespaces, target.namespace)) return false
  if (names !== undefined && !target.names.some((name) => matchesAny(names, name))) return false
  return selector === undefined || selectorMatches(selector, target.labels)
}

function matchesAny(patterns: readonly string[], name: string): boolean {
  return name !== '' && patterns.some((pattern) => globMatches(pattern, name))
}
