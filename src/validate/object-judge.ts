import type { DecidedFinding } from '../engine/decide.ts'
import type { InputFacts } from '../engine/input-facts.ts'
import { type Judged, mutateThenValidate } from '../engine/mutate-then-validate.ts'
import type { RuleIndex } from '../engine/rule-index.ts'
import { type Subject, subjectOfObject } from '../kubernetes/subject.ts'
import { currentVersionOf, groupKindOf, groupOf } from '../kubernetes/workloads.ts'
import type { JsonRecord } from '../lib/json/shape.ts'
import type { Settings } from '../policy/settings.ts'

/** The policy as a checker of files asks for it. */
export interface FilePolicy {
  settingsFor(namespace: string, facts: ReturnType<InputFacts['namespace']>): Settings
  exemption(ruleId: string, subject: Subject): string | undefined
}

export interface ObjectVerdict {
  readonly subject: Subject
  readonly settings: Settings
  readonly judged: Judged
  readonly findings: readonly DecidedFinding[]
}

/** Judges objects of files as if each were created now. */
export class ObjectJudge {
  readonly #rules: RuleIndex
  readonly #kinds: ReadonlySet<string>
  readonly #policy: FilePolicy
  readonly #namespace: string

  constructor(rules: RuleIndex, policy: FilePolicy, namespace: string) {
    this.#rules = rules
    this.#kinds = new Set(rules.all.flatMap((rule) => rule.kinds))
    this.#policy = policy
    this.#namespace = namespace
  }

  /** Whether any rule looks at objects of this kind, and as which version. */
  versionOf(object: JsonRecord): string | undefined {
    const apiVersion = String(object['apiVersion'])
    const judgedAs = currentVersionOf(apiVersion)
    return this.#kinds.has(groupKindOf(groupOf(judgedAs), String(object['kind']))) ? judgedAs : undefined
  }

  /** Mends the object in place, then judges it. Throws ERR_OBJECT_MALFORMED when it is not what its kind says. */
  judge(object: JsonRecord, apiVersion: string, facts: InputFacts): ObjectVerdict {
    const current = object['apiVersion'] === apiVersion ? object : { ...object, apiVersion }
    const subject = subjectOfObject(current, this.#namespace)
    const settings = this.#policy.settingsFor(subject.namespace, facts.namespace(subject.namespace))
    const judged = mutateThenValidate(subject, this.#rules.rulesFor(subject), {
      settings,
      facts: {
        limitRanges: facts.limitRanges(subject.namespace),
        ...facts.ofFelix,
        ...(facts.headroom === undefined ? undefined : { headroom: facts.headroom }),
        ...(facts.serverVersion === undefined ? undefined : { serverVersion: facts.serverVersion })
      },
      exemption: (ruleId) => this.#policy.exemption(ruleId, subject)
    })
    return { subject, settings, judged, findings: judged.decision.findings }
  }
}
