import { admission, mirrorPod } from '../kubernetes/annotations.ts'
import { defaultSystemNamespaces } from '../policy/default-settings.ts'
import type { RuleInfo } from '../policy/settings.ts'
import { all, type Cel, literal, matchesGlob, type Variable } from './cel.ts'
import { expectedWebhooks, type WebhookName } from './registered-webhooks.ts'

/** What one policy looks at: the API server is told by kinds, as for a webhook. */
export type Part = 'pods' | 'templates' | 'daemonsets' | 'configurations'

export interface ResourceRule {
  readonly apiGroups: readonly string[]
  readonly apiVersions: readonly string[]
  readonly operations: readonly string[]
  readonly resources: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
}

/** A matchCondition, evaluated before anything else of its policy. */
export interface Condition {
  readonly name: string
  readonly expression: Cel
}

/** The resources of each part, by the webhook that is called for them. */
const resourcesOf: Readonly<Record<Part, readonly (readonly [WebhookName, RegExp])[]>> = {
  pods: [['validate.pidguard.io', /^pods$/]],
  templates: [
    ['workloads.validate.pidguard.io', /^[^/]+$/],
    ['calico.validate.pidguard.io', /^daemonsets\./]
  ],
  daemonsets: [['calico.validate.pidguard.io', /^daemonsets\./]],
  configurations: [['calico.validate.pidguard.io', /^felixconfigurations\./]]
}

/** The same resources and operations as in the webhook configurations. */
export function resourceRulesOf(part: Part): ResourceRule[] {
  const named = resourcesOf[part].flatMap(([name, wanted]) => {
    const { operations, resources } = expectedWebhooks.find((each) => each.name === name) ?? expectedWebhooks[0]
    return resources.filter((each) => wanted.test(each)).map((each) => ({ operations, ...plural(each) }))
  })
  const groups = Map.groupBy(named, ({ group, operations }) => `${group} ${operations.join()}`)
  return [...groups.values()].map((each) => ({
    apiGroups: [each[0]?.group ?? ''],
    apiVersions: part === 'configurations' ? ['*'] : ['v1'],
    operations: each[0]?.operations ?? [],
    resources: each.map(({ resource }) => resource),
    scope: part === 'configurations' ? 'Cluster' : 'Namespaced'
  }))
}

function plural(name: string): { readonly resource: string; readonly group: string } {
  const [resource = '', ...group] = name.split('.')
  return { resource, group: group.join('.') }
}

/** The namespaces that a policy looks at: as the webhook configurations and the policy document have them together. */
export interface NamespaceScope {
  /** undefined: all of them. */
  readonly selector: object | undefined
  readonly conditions: readonly Condition[]
}

/**
 * `pods` rules leave out the system namespaces of the policy; and what the webhooks are never called for stays out too.
 * DaemonSets are sent to the webhook from every namespace.
 */
export function namespaceScopeOf(
  part: Part,
  scope: RuleInfo['scope'],
  systemNamespaces: readonly string[]
): NamespaceScope {
  const spares = resourcesOf[part].every(([name]) =>
    expectedWebhooks.some((each) => each.name === name && each.sparesSystemNamespaces)
  )
  if (scope === 'cluster')
    return spares ? { selector: selectorOf(defaultSystemNamespaces), conditions: [] } : everywhere
  const plain = systemNamespaces.filter((each) => !/[*?]/.test(each))
  const wild = systemNamespaces.filter((each) => /[*?]/.test(each))
  const others = defaultSystemNamespaces.filter((each) => !plain.includes(each))
  const notAsked = all([
    ...(spares ? [] : ['request.kind.kind != "DaemonSet"']),
    `request.namespace in ${literal(others)}`
  ])
  return {
    selector: selectorOf(plain),
    conditions: [
      ...(wild.length === 0
        ? []
        : [{ name: 'not-a-system-namespace', expression: `!(${matchesGlob('request.namespace', wild)})` }]),
      ...(others.length === 0 ? [] : [{ name: 'where-the-webhook-is-called', expression: `!(${notAsked})` }])
    ]
  }
}

const everywhere: NamespaceScope = { selector: undefined, conditions: [] }

function selectorOf(names: readonly string[]): object {
  return {
    matchExpressions: [
      ...(names.length === 0 ? [] : [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: names }]),
      { key: admission, operator: 'NotIn', values: ['ignore'] }
    ]
  }
}

/** What the engine lets through without a check: see engine/rule-index.ts. */
export function passedOver(part: Part): Condition[] {
  if (part === 'pods') return [{ name: 'not-a-mirror-pod', expression: notAMirrorPod }]
  const notOnItsWayOut = {
    name: 'not-on-its-way-out',
    expression: '!(request.operation == "UPDATE" && has(object.metadata.deletionTimestamp))'
  }
  if (part !== 'templates') return [notOnItsWayOut]
  return [
    { name: 'not-controlled', expression: `!${controllers('object.metadata')}.exists(o, true)` },
    notOnItsWayOut,
    { name: 'spec-is-new-or-changed', expression: 'request.operation == "CREATE" || object.spec != oldObject.spec' }
  ]
}

/** The API copy of a static pod: its kubelet runs it whatever is said here. */
const notAMirrorPod = `!(request.userInfo.username.startsWith("system:node:")
&& ${literal(mirrorPod)} in object.metadata.?annotations.orValue({}))`

/** The owner that controls an object, as a list of one or none. */
export function controllers(metadata: Cel): Cel {
  return `${metadata}.?ownerReferences.orValue([]).filter(o, o.?controller.orValue(false))`
}

/** The pod, itself or as a template: `spec`, `meta` and their pointers; `old` ones are empty where there was none. */
export function podVariables(part: Part): Variable[] {
  if (part === 'pods') {
    return [
      { name: 'spec', expression: 'object.spec' },
      { name: 'meta', expression: 'object.metadata' },
      { name: 'at', expression: literal('') }
    ]
  }
  return [
    { name: 'spec', expression: inTemplate('object', 'spec') },
    { name: 'meta', expression: inTemplate('object', 'metadata') },
    { name: 'oldSpec', expression: `oldObject == null ? {} : ${inTemplate('oldObject', 'spec')}` },
    { name: 'oldMeta', expression: `oldObject == null ? {} : ${inTemplate('oldObject', 'metadata')}` },
    {
      name: 'at',
      expression: 'request.kind.kind == "CronJob" ? "/spec/jobTemplate/spec/template" : "/spec/template"'
    }
  ]
}

/** A ReplicationController may have no template. */
function inTemplate(object: Cel, field: 'spec' | 'metadata'): Cel {
  return `request.kind.kind == "CronJob" ? ${object}.spec.jobTemplate.spec.template.?${field}.orValue({})
: ${object}.spec.?template.?${field}.orValue({})`
}
