import { firstThatWantsContent } from '../../kubernetes/qos/pod-level.ts'
import { podLevelRemedy } from '../../rules/best-effort.ts'
import { type Cel, isAboveZero, literal, type Variable } from '../cel.ts'
import { type Condition, type Part, podVariables } from '../parts.ts'
import type { CelCheck, CelFinding, CelRule, Target } from '../rule-policy.ts'
import { calicosOwnPodConditions, isCalicosOwnPod } from './cel-felix.ts'

type Settings = Parameters<CelRule['reads']>[0]

/** src/rules/best-effort.ts. Of templates it knows no LimitRange: what their pods will meet is then only a warning. */
export const bestEffort: CelRule = {
  id: 'best-effort',
  reads: (settings) => injects(settings),
  checks: (settings, remedy, target, isExempt) =>
    (['pods', 'templates'] as const).map((part): CelCheck => {
      const filled = injects(settings) ? isFilledLater(isExempt('resource-requests')) : 'false'
      return {
        part,
        ...(part === 'pods' ? { conditions: ofPods, adviceConditions: calicosOwnPodConditions } : {}),
        variables: variablesOf(part, target.server),
        findings: [findingOf(part, remedy, target, filled)]
      }
    }),
  leftOut: (settings, { fillPods }) =>
    injects(settings) && !fillPods
      ? 'the policy gives such pods requests (requests.bestEffortPods: inject), which the webhook does, or --fill-pods'
      : undefined
}

/** A container that asks for cpu or memory decides, unless there are pod-level resources. */
const ofPods: readonly Condition[] = [
  {
    name: 'may-be-best-effort',
    expression: `has(object.spec.resources)
|| !(object.spec.containers + object.spec.?initContainers.orValue([])).exists(c, ${asks('c')})`
  }
]

/** Whether a container has a request or a limit of cpu or memory above zero. */
function asks(container: Cel): Cel {
  return `[${container}.?resources.?requests.orValue({}), ${container}.?resources.?limits.orValue({})].exists(list,
list.exists(name, (name == "cpu" || name == "memory") && ${isAboveZero('list[name]')}))`
}

function injects({ requests, modes }: Settings): boolean {
  return requests.bestEffortPods === 'inject' && modes.get('resource-requests') === 'enforce'
}

function findingOf(part: Part, remedy: string, { noLimitRanges }: Target, filled: Cel): CelFinding {
  const isTemplate = part === 'templates'
  return {
    when: isTemplate
      ? `variables.hasContainers && variables.isBestEffort && !variables.isUnchanged && !(${filled})`
      : 'variables.isBestEffort',
    advisory: isTemplate && !noLimitRanges ? 'true' : isCalicosOwnPod,
    reason: literal('QoS class BestEffort'),
    detail: `variables.podLevel ? "the pod-level resources decide, and hold neither cpu nor memory above zero"
: "no cpu or memory request or limit above zero in " + (size(variables.called) > 3
? variables.called[0] + ", " + variables.called[1] + ", " + variables.called[2] + " and " + string(size(variables.called) - 3) + " more"
: variables.called.join(", "))`,
    pointer: 'variables.at + (variables.podLevel ? "/spec/resources" : "/spec/containers/0/resources")',
    remedy,
    otherwise: { when: 'variables.podLevel', remedy: podLevelRemedy }
  }
}

/** What the rule resource-requests would give the pods of a template, where the policy says inject. */
function isFilledLater(isExempt: Cel): Cel {
  return `!(${isExempt}) && !variables.podLevel
&& variables.containers.exists(c, ["cpu", "memory"].exists(name, !c.?resources.?limits[?name].hasValue()))`
}

function variablesOf(part: Part, server: number): Variable[] {
  return [
    ...podVariables(part),
    {
      name: 'containers',
      expression: 'variables.spec.?initContainers.orValue([]) + variables.spec.?containers.orValue([])'
    },
    { name: 'hasContainers', expression: 'size(variables.spec.?containers.orValue([])) > 0' },
    { name: 'called', expression: 'variables.containers.map(c, c.name)' },
    { name: 'podLevel', expression: podLevelDecides(server) },
    {
      name: 'isBestEffort',
      expression: `variables.podLevel ? !(${podLevelHolds(server)})
: !variables.containers.exists(c, ${asks('c')})`
    },
    ...(part === 'pods'
      ? []
      : [
          {
            name: 'isUnchanged',
            expression: `oldObject != null && variables.spec.?resources == variables.oldSpec.?resources
&& variables.containers.map(c, c.?resources) == (variables.oldSpec.?initContainers.orValue([])
+ variables.oldSpec.?containers.orValue([])).map(c, c.?resources)`
          }
        ])
  ]
}

/** See kubernetes/qos/pod-level.ts. Servers without the field drop it. */
export function podLevelDecides(server: number): Cel {
  if (server < firstThatWantsContent) return 'has(variables.spec.resources)'
  return `[variables.spec.?resources.?requests.orValue({}), variables.spec.?resources.?limits.orValue({})].exists(list,
list.exists(name, name == "cpu" || name == "memory" || name.startsWith("hugepages-")))`
}

/** With the defaults of the API server, which templates do not have yet: see kubernetes/qos/pod-defaults.ts. */
function podLevelHolds(server: number): Cel {
  const ofContainer = `c.?resources.?requests[?name].orValue(c.?resources.?limits[?name].orValue("0"))`
  const isNew = server >= firstThatWantsContent
  const limits = 'variables.spec.?resources.?limits'
  const limitsOfContainers = `!${limits}[?name].hasValue()
&& variables.containers.all(c, c.?resources.?limits[?name].hasValue())
&& variables.containers.exists(c, ${isAboveZero('c.resources.limits[name]')})`
  return `["cpu", "memory"].exists(name, ${isAboveZero(`${limits}[?name].orValue("0")`)}
|| (variables.spec.?resources.?requests[?name].hasValue() ? ${isAboveZero('variables.spec.resources.requests[name]')}
: ${isNew ? '' : `size(${limits}.orValue({})) > 0 && `}variables.containers.exists(c, ${isAboveZero(ofContainer)}))${isNew ? `\n|| (${limitsOfContainers})` : ''})`
}
