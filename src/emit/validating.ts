import { firstSentence } from '../engine/decide.ts'
import type { Rule } from '../engine/rule.ts'
import type { Millis } from '../lib/units.ts'
import type { Mode } from '../model/finding.ts'
import type { BaseSettings, Policy } from '../policy/policy.ts'
import { asked, type Cel, literal, type Variable } from './cel.ts'
import { type EmittedObject, metadataOf } from './emitted-object.ts'
import { exemptionsOf, isExempt, stampsVariable, workloadVariables } from './exempt-objects.ts'
import { groupsOf, type LayerGroup, layerVariables } from './layers.ts'
import { type Condition, namespaceScopeOf, type Part, passedOver, resourceRulesOf } from './parts.ts'
import type { CelCheck, CelFinding, CelRule, Target } from './rule-policy.ts'
import { celRules } from './rules/cel-rules.ts'

export type ValidationAction = 'Deny' | 'Warn' | 'Audit'

/** One policy and its binding, before they are objects. */
export interface ValidatingPolicy {
  readonly name: string
  readonly rule: Rule
  readonly part: Part
  readonly action: ValidationAction
  readonly failurePolicy: 'Fail' | 'Ignore'
  readonly conditions: readonly Condition[]
  readonly namespaceSelector: object | undefined
  readonly variables: readonly Variable[]
  readonly findings: readonly CelFinding[]
  /** What lets a finding pass, beside its own conditions. */
  readonly unless: readonly Cel[]
}

export interface Sources {
  readonly policy: Policy
  readonly rules: readonly Rule[]
  readonly target: Target
  /** Exemptions that have ended by then are left out. */
  readonly now: Millis
}

/** The checks of all rules that look at nothing but the object, by the modes of the policy. */
export function validatingPolicies(sources: Sources): ValidatingPolicy[] {
  return celRules.flatMap((celRule) => policiesOf(celRule, sources))
}

function policiesOf(celRule: CelRule, sources: Sources): ValidatingPolicy[] {
  const { policy, rules, target, now } = sources
  const rule = rules.find(({ id }) => id === celRule.id)
  if (rule === undefined) return []
  const exempt = (ruleId: string): Cel => isExempt(exemptionsOf(policy.exemptions, ruleId, now), true)
  const isNamespaced = celRule.id !== 'felix-configuration'
  const reads = (settings: BaseSettings) => [modeIn(settings, rule), celRule.reads(settings)]
  return groupsOf(policy, reads, isNamespaced)
    .filter(({ settings }) => modeIn(settings, rule) !== 'off' && celRule.leftOut?.(settings, target) === undefined)
    .flatMap((group) =>
      celRule
        .checks(group.settings, rule.remedy, target, exempt)
        .flatMap((check) => splitByAction(check, group, rule, sources, exempt(rule.id)))
    )
}

function modeIn({ modes }: BaseSettings, { id }: Rule): Mode {
  return modes.get(id) ?? 'off'
}

/** A binding has one action: what only advises has a policy of its own where the rest denies. */
function splitByAction(
  { part, conditions: own = [], adviceConditions = [], variables, findings }: CelCheck,
  { name, settings, isHere }: LayerGroup,
  rule: Rule,
  { policy }: Sources,
  exemption: Cel
): ValidatingPolicy[] {
  const { selector, conditions } = namespaceScopeOf(part, rule.scope, policy.systemNamespaces)

  const base = [rule.id, part, name].filter((each) => each !== '').join('.')
  const common = {
    rule,
    part,
    conditions: [...passedOver(part), ...conditions, ...own],
    namespaceSelector: selector,
    variables: [
      ...variables,
      ...(isHere === undefined ? [] : layerVariables(policy)),
      ...(exemption === 'false' ? [] : [stampsVariable, ...workloadVariables])
    ],
    unless: [...(isHere === undefined ? [] : [`!(${isHere})`]), ...(exemption === 'false' ? [] : [exemption])]
  }
  const mode = modeIn(settings, rule)
  if (mode !== 'enforce') {
    const action = mode === 'warn' ? 'Warn' : 'Audit'
    return [{ ...common, name: `${base}.pidguard.io`, action, failurePolicy: 'Ignore', findings }]
  }
  const denied = findings.filter(({ advisory }) => advisory !== 'true')
  const advised = findings.filter(({ advisory }) => advisory !== 'false')
  // An error of an enforcing rule denies, as a fault of it does; never where Calico has to come up.
  const failurePolicy = rule.scope === 'pods' ? 'Fail' : 'Ignore'
  return [
    ...(denied.length === 0
      ? []
      : [
          {
            ...common,
            name: `${base}.pidguard.io`,
            action: 'Deny' as const,
            failurePolicy: failurePolicy as 'Fail' | 'Ignore',
            findings: denied.map((finding) => ({ ...finding, when: but(finding.when, finding.advisory) }))
          }
        ]),
    ...(advised.length === 0
      ? []
      : [
          {
            ...common,
            conditions: [...common.conditions, ...adviceConditions],
            name: `${base}.advice.pidguard.io`,
            action: 'Warn' as const,
            failurePolicy: 'Ignore' as const,
            findings: advised.map((finding) => ({ ...finding, when: and(finding.when, finding.advisory) }))
          }
        ])
  ]
}

function but(when: Cel, unless: Cel): Cel {
  return unless === 'false' ? when : `(${when})\n&& !(${unless})`
}

function and(when: Cel, also: Cel): Cel {
  return also === 'true' ? when : `(${when})\n&& (${also})`
}

/** The objects: a policy and a binding with its action. */
export function validatingObjects(policy: ValidatingPolicy): EmittedObject[] {
  const { name, rule, part, action, failurePolicy, conditions, namespaceSelector, variables, findings, unless } = policy
  const metadata = metadataOf(name, [rule.id])
  const validations = findings.map((finding) => ({
    expression: [`!(${finding.when})`, ...unless.map((each) => `(${each})`)].join('\n|| '),
    reason: 'Forbidden',
    message: `${rule.id}: ${rule.title}. ${rule.remedy}`,
    messageExpression: messageOf(rule.id, finding, action, part)
  }))
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy,
        matchConstraints: {
          matchPolicy: 'Equivalent',
          ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
          resourceRules: resourceRulesOf(part)
        },
        ...(conditions.length === 0 ? {} : { matchConditions: conditions }),
        variables: asked(
          variables,
          validations.flatMap(({ expression, messageExpression }) => [expression, messageExpression])
        ),
        validations
      }
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: name, validationActions: [action] }
    }
  ]
}

/** The sentence of the webhook's denial, or the line of its warning; see `sentenceOf` in engine/decide.ts. */
function messageOf(ruleId: string, finding: CelFinding, action: ValidationAction, part: Part): Cel {
  const { reason, detail, pointer, remedy, otherwise } = finding
  const begin = `${literal(`${ruleId}: `)} + ${inParentheses(reason)}`
  if (action !== 'Deny') return `${begin} + " (" + (${detail})\n+ ")"`
  const name = part === 'configurations' ? 'object.metadata.name' : 'request.namespace + "/" + object.metadata.name'
  const [first, rest] = parts(remedy)
  const [otherFirst, otherRest] = parts(otherwise?.remedy ?? remedy)
  const either = (text: Cel, other: Cel): Cel =>
    otherwise === undefined ? text : `(${otherwise.when} ? ${other} : ${text})`
  return `request.kind.kind + " " + ${name} + ": " + ${begin} + ". "
+ ${either(first, otherFirst)}
+ " Found: " + (${detail})
+ ", at " + (${pointer}) + "."
+ ${either(rest, otherRest)}`
}

/** The first sentence of a remedy, which says what to do, and the others, as literals. */
function parts(remedy: string): readonly [Cel, Cel] {
  const first = firstSentence(remedy)
  return [literal(first), literal(remedy.slice(first.length))]
}

function inParentheses(expression: Cel): Cel {
  return expression.startsWith('"') ? expression : `(${expression})`
}
