import { asked, type Cel, type Variable } from '../cel.ts'
import { type EmittedObject, metadataOf } from '../emitted-object.ts'
import { type Condition, type Part, resourceRulesOf } from '../parts.ts'

/** One policy that changes objects by a JSON Patch, before it is an object. */
export interface MutatingPolicy {
  readonly name: string
  readonly ruleIds: readonly string[]
  readonly part: Part
  readonly failurePolicy: 'Fail' | 'Ignore'
  /** Whether it looks again at what others changed after it. */
  readonly reinvocationPolicy: 'IfNeeded' | 'Never'
  readonly conditions: readonly Condition[]
  readonly namespaceSelector: object | undefined
  readonly variables: readonly Variable[]
  /** A list of JSONPatch. A value holds literals and texts only: a piece of `object` in it is an error at v1.37, seen by nobody. */
  readonly patch: Cel
}

/** The objects: a policy and its binding. */
export function mutatingObjects(policy: MutatingPolicy): EmittedObject[] {
  const { name, ruleIds, part, failurePolicy, reinvocationPolicy, conditions, namespaceSelector, variables, patch } =
    policy
  const metadata = metadataOf(name, ruleIds)
  const needed = asked(variables, [patch])
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy,
        reinvocationPolicy,
        matchConstraints: {
          matchPolicy: 'Equivalent',
          ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
          resourceRules: resourceRulesOf(part)
        },
        ...(conditions.length === 0 ? {} : { matchConditions: conditions }),
        ...(needed.length === 0 ? {} : { variables: needed }),
        mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: patch } }]
      }
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: name }
    }
  ]
}

/** One operation, of a path and a value that are expressions. */
export function operation(op: 'add' | 'replace', path: Cel, value: Cel): Cel {
  return `JSONPatch{op: "${op}", path: ${path}, value: ${value}}`
}

export function removal(path: Cel): Cel {
  return `JSONPatch{op: "remove", path: ${path}}`
}
