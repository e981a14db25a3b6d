import type { DecidedFinding } from '../engine/decide.ts'
import { isAsked } from '../engine/evaluate.ts'
import type { InputFacts } from '../engine/input-facts.ts'
import { type JudgedInTurn, mutateThenValidate } from '../engine/mutate-then-validate.ts'
import type { Rule } from '../engine/rule.ts'
import type { RuleIndex } from '../engine/rule-index.ts'
import { admission } from '../kubernetes/annotations.ts'
import { runsFelix } from '../kubernetes/calico/felix.ts'
import { type ObjectProblem, problemsOf } from '../kubernetes/pods/object-problems.ts'
import { type FoundTemplate, templatesIn } from '../kubernetes/pods/pod-templates.ts'
import { type TemplatePlace, templatePlacesOf } from '../kubernetes/pods/template-places.ts'
import { pointerBehind, problemBehind, standInOf } from '../kubernetes/pods/template-stand-in.ts'
import { fillFromLimitRanges } from '../kubernetes/qos/limit-range-defaults.ts'
import type { MinorVersion } from '../kubernetes/server-version.ts'
import { isPodSubject, type Subject, subjectOfObject } from '../kubernetes/subject.ts'
import type { LimitRangeItem } from '../kubernetes/types.ts'
import { currentVersionOf, type GroupKind, groupKindOf, groupOf, namespaceOf, pod } from '../kubernetes/workloads.ts'
import { Draft, type PatchOperation } from '../lib/json/patch.ts'
import { type JsonRecord, shapeErrorOf } from '../lib/json/shape.ts'
import type { Settings } from '../policy/settings.ts'

/** What a check of files asks of the policy. */
export interface FilePolicy {
  settingsFor(namespace: string, facts: ReturnType<InputFacts['namespace']>): Settings
  exemption(ruleId: string, subject: Subject): string | undefined
  /** Where kinds keep pod templates that pidguard does not know by itself, or knows otherwise. */
  readonly ownKinds?: ReadonlyMap<GroupKind, readonly TemplatePlace[]>
  /** What its authors should know, as exemptions that have expired. */
  readonly notes?: readonly string[]
}

export interface ObjectVerdict {
  readonly subject: Subject
  readonly settings: Settings
  readonly judged: JudgedInTurn
  readonly findings: readonly DecidedFinding[]
  /** What the mutating webhook would change, as operations on the object as it is written. */
  readonly operations: readonly PatchOperation[]
  /** Why no rule for pods looked at an object that makes some; undefined: one did, or it is another rule's business. */
  readonly passedOver: string | undefined
}

/** An object that the API server would refuse: no rule has checked it. */
export interface RefusedObject {
  readonly problems: readonly ObjectProblem[]
}

/** Whose request a file is taken for: a person's, so nothing in it passes for the word of a node or of the API server. */
const person = 'pidguard-validate'

/** Checks objects of files as the webhooks would if a person created each now. */
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

  /** The version under which rules look at the object; undefined: no rule looks at this kind. */
  versionOf(object: JsonRecord): string | undefined {
    const apiVersion = String(object['apiVersion'])
    const judgedAs = currentVersionOf(apiVersion)
    if (this.#kinds.has(groupKindOf(groupOf(judgedAs), String(object['kind'])))) return judgedAs
    return this.#templatesOf(object).length > 0 ? apiVersion : undefined
  }

  /** What the API server would refuse of an object that no rule looks at, and that says something of others. */
  refusalsOf(object: JsonRecord): readonly ObjectProblem[] {
    if (object['kind'] !== 'LimitRange') return []
    const read = this.#subjectOf(object, undefined, this.#namespace)
    return 'problems' in read ? read.problems : []
  }

  /** Applies the fixes to the object in place, then runs the checks. */
  judge(object: JsonRecord, apiVersion: string, facts: InputFacts): ObjectVerdict | RefusedObject {
    try {
      return this.#judgeAny(object, apiVersion, facts)
    } catch (error) {
      // The stack is used up: JSON of thousands of levels. Of YAML a thousand are read.
      if (!(error instanceof RangeError)) throw error
      return { problems: [{ pointer: '', message: 'nested too deep' }] }
    }
  }

  #judgeAny(object: JsonRecord, apiVersion: string, facts: InputFacts): ObjectVerdict | RefusedObject {
    if (this.#kinds.has(groupKindOf(groupOf(apiVersion), String(object['kind'])))) {
      return this.#judgeOne(object, apiVersion, facts)
    }
    const verdicts = this.#templatesOf(object).map((found) => this.#judgeTemplate(object, found, facts))
    const problems = verdicts.flatMap((verdict) => ('problems' in verdict ? verdict.problems : []))
    const [first, ...others] = verdicts.filter((verdict) => 'operations' in verdict)
    return first === undefined || problems.length > 0 ? { problems } : others.reduce(together, first)
  }

  #templatesOf(object: JsonRecord): FoundTemplate[] {
    const kind = groupKindOf(groupOf(String(object['apiVersion'])), String(object['kind']))
    const places = this.#policy.ownKinds?.get(kind) ?? templatePlacesOf(kind)
    return places === undefined ? [] : templatesIn(object, places)
  }

  /** Checks one pod template of a kind that no rule knows, as if it were that of a workload of Kubernetes. */
  #judgeTemplate(object: JsonRecord, found: FoundTemplate, facts: InputFacts): ObjectVerdict | RefusedObject {
    const kind = groupKindOf(groupOf(String(object['apiVersion'])), String(object['kind']))
    const namespace = namespaceOf(kind, undefined, this.#namespace)
    const verdict = this.#judgeOne(standInOf(object, found), 'apps/v1', facts, namespace)
    if ('problems' in verdict) return { problems: verdict.problems.map((problem) => problemBehind(problem, found)) }
    const findings = verdict.findings.map((finding) => ({ ...finding, pointer: pointerBehind(finding.pointer, found) }))
    // No rule changes a template, so there is nothing to move.
    return {
      ...verdict,
      subject: { ...verdict.subject, kind: String(object['kind']), object },
      findings,
      operations: []
    }
  }

  /** `fallback`: the namespace of an object that names none; empty for templates whose pods may come to be in any. */
  #judgeOne(
    object: JsonRecord,
    apiVersion: string,
    facts: InputFacts,
    fallback = this.#namespace
  ): ObjectVerdict | RefusedObject {
    const current = object['apiVersion'] === apiVersion ? object : { ...object, apiVersion }
    const read = this.#subjectOf(current, facts.serverVersion, fallback)
    if ('problems' in read) return read
    const { subject } = read
    const settings = this.#policy.settingsFor(subject.namespace, facts.namespace(subject.namespace))
    const limitRanges = subject.namespace === '' ? undefined : facts.limitRanges(subject.namespace)
    const written = filled(subject, limitRanges ?? [])
    const rules = this.#rules.rulesFor(subject)
    const judged = mutateThenValidate(subject, rules, {
      settings,
      facts: {
        ...(limitRanges === undefined ? undefined : { limitRanges }),
        podGroupSizes: facts.podGroupSizes,
        ...facts.ofFelix,
        ...(facts.headroom === undefined ? undefined : { headroom: facts.headroom }),
        ...(facts.serverVersion === undefined ? undefined : { serverVersion: facts.serverVersion })
      },
      exemption: (ruleId) => this.#policy.exemption(ruleId, subject)
    })
    const operations = written === undefined ? judged.operations : onto(written, judged.operations)
    const { findings } = judged
    const passedOver = findings.length > 0 ? undefined : whyPassedOver(subject, rules, settings, facts)
    return { subject, settings, judged, findings, operations, passedOver }
  }

  #subjectOf(
    object: JsonRecord,
    serverVersion: MinorVersion | undefined,
    namespace: string
  ): { readonly subject: Subject } | RefusedObject {
    try {
      const subject = subjectOfObject(object, namespace, person)
      const problems = problemsOf(subject, serverVersion)
      return problems.length > 0 ? { problems } : { subject }
    } catch (error) {
      const problem = shapeErrorOf(error)
      if (problem === undefined) throw error
      return { problems: [problem] }
    }
  }
}

function whyPassedOver(
  subject: Subject,
  rules: readonly Rule[],
  settings: Settings,
  facts: InputFacts
): string | undefined {
  if (!isPodSubject(subject) || runsFelix(subject)) return undefined
  const podRules = rules.filter(({ scope }) => scope === 'pods')
  if (podRules.some((rule) => isAsked(rule, { settings }))) return undefined
  if (podRules.length === 0) return 'a controller owns the object, and its template is checked'
  const { namespace } = subject
  return facts.namespace(namespace)?.labels[admission] === 'ignore'
    ? `the label ${admission}=ignore of Namespace ${namespace} turns rules for pods off there`
    : `rules for pods are off in namespace ${namespace}`
}

/** The verdict over several templates of one object. */
function together(a: ObjectVerdict, b: ObjectVerdict): ObjectVerdict {
  const [one, two] = [a.judged.verdict, b.judged.verdict]
  const verdict = {
    findings: [...one.findings, ...two.findings],
    skips: mergedByRule(one.skips, two.skips),
    faults: [...one.faults, ...two.faults],
    exempted: mergedByRule(one.exempted, two.exempted)
  }
  const passedOver = a.passedOver === undefined || b.passedOver === undefined ? undefined : a.passedOver
  return { ...a, judged: { ...a.judged, verdict }, findings: [...a.findings, ...b.findings], passedOver }
}

/** An object is counted once for each rule. */
function mergedByRule<T extends { readonly ruleId: string }>(a: readonly T[], b: readonly T[]): readonly T[] {
  return [...a, ...b.filter(({ ruleId }) => !a.some((item) => item.ruleId === ruleId))]
}

/**
 * Fills a Pod from its LimitRanges, as the API server does before the webhooks. Gives back the object as it is written,
 * where that is not the same any more.
 */
function filled(subject: Subject, limitRanges: readonly LimitRangeItem[]): JsonRecord | undefined {
  if (limitRanges.length === 0 || subject.groupKind !== pod || !isPodSubject(subject)) return undefined
  const written = structuredClone(subject.object) as JsonRecord
  return fillFromLimitRanges(subject.podSpec, limitRanges) ? written : undefined
}

/** The operations as they apply to `object`, which lacks some of the objects that they add to. Changes the object. */
function onto(object: JsonRecord, operations: readonly PatchOperation[]): readonly PatchOperation[] {
  const draft = new Draft(object)
  for (const operation of operations) {
    if (operation.op === 'remove') draft.remove(operation.path)
    else if (operation.path.endsWith('/-')) draft.append(operation.path.slice(0, -2), operation.value)
    else draft.set(operation.path, operation.value)
  }
  return draft.operations
}
