import type { DecidedFinding } from '../engine/decide.ts'
import { type Judged, judge } from '../engine/judge.ts'
import type { RuleIndex } from '../engine/match.ts'
import { AppError } from '../errors.ts'
import { isRecord, type JsonRecord } from '../model/shape.ts'
import { type Subject, subjectOfObject } from '../model/subject.ts'
import { groupKindOf, groupOf } from '../model/workloads.ts'
import type { Settings } from '../policy/settings.ts'
import type { ObjectName } from '../report/report.ts'
import type { InputFacts } from './input-facts.ts'

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

/** Group versions that every API server still running has dropped, by the one that took their place. */
const successors: Readonly<Record<string, string>> = {
  'extensions/v1beta1': 'apps/v1',
  'apps/v1beta1': 'apps/v1',
  'apps/v1beta2': 'apps/v1',
  'batch/v1beta1': 'batch/v1'
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
    const judgedAs = successors[apiVersion] ?? apiVersion
    return this.#kinds.has(groupKindOf(groupOf(judgedAs), String(object['kind']))) ? judgedAs : undefined
  }

  /** Mends the object in place, then judges it. Throws ERR_OBJECT_MALFORMED when it is not what its kind says. */
  judge(object: JsonRecord, apiVersion: string, facts: InputFacts): ObjectVerdict {
    const current = object['apiVersion'] === apiVersion ? object : { ...object, apiVersion }
    const subject = subjectOfObject(current, this.#namespace)
    const settings = this.#policy.settingsFor(subject.namespace, facts.namespace(subject.namespace))
    const judged = judge(subject, this.#rules.rulesFor(subject), {
      settings,
      facts: {
        limitRanges: facts.limitRanges(subject.namespace),
        ...(facts.headroom === undefined ? undefined : { headroom: facts.headroom })
      },
      exemption: (ruleId) => this.#policy.exemption(ruleId, subject)
    })
    return { subject, settings, judged, findings: judged.decision.findings }
  }
}

/** Enough to find an object by, read from whatever it looks like. */
export function objectNameOf(object: JsonRecord, fallback: string): ObjectName {
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
  const { name, generateName, namespace } = metadata
  return {
    apiVersion: textOf(object['apiVersion']),
    kind: textOf(object['kind']),
    namespace: textOf(namespace) || fallback,
    name: textOf(name) || (textOf(generateName) === '' ? '' : `${textOf(generateName)}*`)
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** `ERR_OBJECT_MALFORMED` messages begin with the pointer of the field; taken apart, so a person is shown its line. */
export function misshapen(error: unknown): { pointer: string; message: string } | undefined {
  if (!(error instanceof AppError) || error.code !== 'ERR_OBJECT_MALFORMED') return undefined
  const [, pointer = '', message = error.message] = /^(\/\S*): (.*)$/s.exec(error.message) ?? []
  return { pointer, message: `${pointer}: ${message}` }
}
