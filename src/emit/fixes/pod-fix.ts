import {
  declaredPids,
  defaultCpuRequest,
  defaultMemoryRequest,
  defaultPids,
  pidsEstimate,
  pidsEstimateSource,
  pidsLimit
} from '../../kubernetes/annotations.ts'
import { escapeToken } from '../../lib/json/pointer.ts'
import type { BaseSettings } from '../../policy/policy.ts'
import type { Profile } from '../../policy/settings.ts'
import { all, any, type Cel, isAboveZero, literal, matchesGlob, matchesSelector, type Variable } from '../cel.ts'
import { exemptionsOf, isExempt, workloadVariables } from '../exempt-objects.ts'
import { groupsOf, layerVariables } from '../layers.ts'
import { namespaceScopeOf, passedOver } from '../parts.ts'
import { podLevelDecides } from '../rules/cel-best-effort.ts'
import { isCount } from '../rules/cel-pid-annotations.ts'
import type { Sources } from '../validating.ts'
import { type MutatingPolicy, operation } from './mutating.ts'

const requestRule = 'resource-requests'
const annotationRule = 'pid-annotations'

/**
 * What both rules write on Pods at creation, in one policy, which is the cheapest way: requests of containers that have none, and
 * the estimate. It knows no readings and no LimitRanges.
 */
export function podFixes({ policy, now, target }: Sources): MutatingPolicy[] {
  const reads = ({ modes, requests, pids }: BaseSettings) => [
    modes.get(requestRule) === 'enforce',
    modes.get(annotationRule) === 'enforce',
    requests,
    pids.estimate,
    pids.limit,
    pids.profiles
  ]
  const scope = namespaceScopeOf('pods', 'pods', policy.systemNamespaces)
  return groupsOf(policy, reads).flatMap((group) => {
    const { modes } = group.settings
    const fixes = [requestRule, annotationRule].filter((id) => modes.get(id) === 'enforce')
    if (fixes.length === 0) return []
    const isAsked = (ruleId: string): Cel =>
      all([
        ...(group.isHere === undefined ? [] : [group.isHere]),
        `!(${isExempt(exemptionsOf(policy.exemptions, ruleId, now), false)})`,
        '!variables.isTuned'
      ])
    return [
      {
        name: `${['pods', group.name].filter((each) => each !== '').join('.')}.pidguard.io`,
        ruleIds: fixes,
        part: 'pods' as const,
        // What is only filled in must not keep a Pod out.
        failurePolicy: 'Ignore' as const,
        reinvocationPolicy: 'IfNeeded' as const,
        conditions: [...passedOver('pods'), ...scope.conditions],
        namespaceSelector: scope.selector,
        variables: [
          ...workloadVariables,
          ...(group.isHere === undefined ? [] : layerVariables(policy)),
          isTuned,
          { name: 'spec', expression: 'object.spec' },
          { name: 'all', expression: 'object.spec.?initContainers.orValue([]) + object.spec.containers' },
          ...requestVariables(group.settings, isAsked(requestRule), target.server),
          ...estimateVariables(group.settings, isAsked(annotationRule))
        ],
        patch: [
          ...(fixes.includes(annotationRule) ? [annotationPatch] : []),
          ...(fixes.includes(requestRule) ? [requestPatch] : [])
        ].join('\n+ ')
      }
    ]
  })
}

/** The owner of the Namespace says what its Pods get: bounds and quantities of the policy go with that, so it is left to the webhook. */
const isTuned: Variable = {
  name: 'isTuned',
  expression: `${literal([defaultPids, defaultCpuRequest, defaultMemoryRequest])}.exists(key,
key in namespaceObject.metadata.?annotations.orValue({}))`
}

/** `lacking`: for each container the requests that are added, by name; see src/rules/resource-requests.ts. */
function requestVariables({ requests }: BaseSettings, isAsked: Cel, server: number): Variable[] {
  const { cpu, memory, bestEffortPods } = requests
  return [
    { name: 'podLevel', expression: podLevelDecides(server) },
    {
      name: 'isBestEffort',
      expression: `!variables.all.exists(c, [c.?resources.?requests.orValue({}), c.?resources.?limits.orValue({})].exists(list,
list.exists(name, (name == "cpu" || name == "memory") && ${isAboveZero('list[name]')})))`
    },
    {
      name: 'fillsRequests',
      expression: all([
        isAsked,
        '!variables.podLevel',
        ...(bestEffortPods === 'inject' ? [] : ['!variables.isBestEffort'])
      ])
    },
    { name: 'wanted', expression: `{"cpu": ${literal(cpu)}, "memory": ${literal(memory)}}` },
    {
      name: 'lacking',
      expression: `variables.all.map(c, variables.wanted.transformMap(name, text,
!c.?resources.?requests[?name].hasValue() && !c.?resources.?limits[?name].hasValue(), text))`
    },
    { name: 'initCount', expression: 'size(object.spec.?initContainers.orValue([]))' }
  ]
}

const requestPatch: Cel = `(!variables.fillsRequests ? [] : variables.lacking.transformList(i, add, size(add) > 0,
[(i < variables.initCount ? "/spec/initContainers/" + string(i) : "/spec/containers/" + string(i - variables.initCount))
+ "/resources/requests"].map(at, size(variables.all[i].?resources.?requests.orValue({})) == 0
? [${operation('add', 'at', 'add')}]
: ["cpu", "memory"].filter(name, name in add).map(name, ${operation('add', 'at + "/" + name', 'add[name]')}))[0]).flatten())`

/** `pids` and `source`, and `limit`, which is 0 where none is set; see src/headroom/pod-estimate.ts. */
function estimateVariables({ pids }: BaseSettings, isAsked: Cel): Variable[] {
  const { profiles, estimate, limit } = pids
  return [
    { name: 'writesEstimate', expression: isAsked },
    { name: 'text', expression: `object.metadata.?annotations[?${literal(declaredPids)}].orValue("")` },
    { name: 'isDeclared', expression: isCount('variables.text') },
    { name: 'limit', expression: firstOf(profiles, (profile) => profile.limit, String(limit ?? 0)) },
    { name: 'ofProfile', expression: firstOf(profiles, (profile) => profile.estimate, '0') },
    {
      name: 'pids',
      expression: `variables.isDeclared ? (variables.limit > 0 && int(variables.text) > variables.limit
? string(variables.limit) : variables.text)
: variables.ofProfile > 0 ? string(variables.ofProfile) : ${literal(String(estimate))}`
    },
    {
      name: 'source',
      expression: 'variables.isDeclared ? "declared" : variables.ofProfile > 0 ? "profile" : "default"'
    }
  ]
}

/** The figure of the first profile that matches and has one. */
function firstOf(profiles: readonly Profile[], figure: (profile: Profile) => number | undefined, otherwise: Cel): Cel {
  const tests = profiles.flatMap((profile) => {
    const value = figure(profile)
    return value === undefined ? [] : [`(${matchesProfile(profile)}) ? ${value}\n: `]
  })
  return `${tests.join('')}${otherwise}`
}

function matchesProfile({ match: { images, selector } }: Profile): Cel {
  return all([
    ...(selector === undefined ? [] : [matchesSelector('object.metadata.?labels.orValue({})', selector)]),
    ...(images.length === 0 ? [] : [`variables.all.exists(c, ${any([matchesGlob('c.?image.orValue("")', images)])})`])
  ])
}

const annotationPatch: Cel = `(!variables.writesEstimate ? [] :
(has(object.metadata.annotations) ? [] : [${operation('add', literal('/metadata/annotations'), '{}')}])
+ [${annotation(pidsEstimate, 'variables.pids')}, ${annotation(pidsEstimateSource, 'variables.source')}]
+ (variables.limit == 0 ? [] : [${annotation(pidsLimit, 'string(variables.limit)')}]))`

function annotation(name: string, value: Cel): Cel {
  return operation('add', literal(`/metadata/annotations/${escapeToken(name)}`), value)
}
