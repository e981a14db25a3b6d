import { iptablesBackendWas, updateStrategyWas } from '../../kubernetes/annotations.ts'
import { type Backend, backendVariable } from '../../kubernetes/calico/felix.ts'
import { escapeToken } from '../../lib/json/pointer.ts'
import type { BaseSettings } from '../../policy/policy.ts'
import { all, type Cel, literal, type Variable } from '../cel.ts'
import { exemptionsOf, isExempt, workloadVariables } from '../exempt-objects.ts'
import { groupsOf, type LayerGroup, layerVariables } from '../layers.ts'
import { passedOver } from '../parts.ts'
import { felixVariables, otherFelixVariable } from '../rules/cel-felix.ts'
import { felixHabits } from '../rules/cel-felix-backend.ts'
import type { Sources } from '../validating.ts'
import { type MutatingPolicy, operation, removal } from './mutating.ts'

const strategyRule = 'calico-update-strategy'
const backendRule = 'calico-iptables-backend'

/**
 * The fixes of both rules for Calico, as the mutating webhook makes them; `isFallback`: beside the webhook. Then what was
 * changed stands in an annotation, from which the webhook says to the author what it would have said of its own change.
 */
export function calicoFixes({ policy, now }: Sources, isFallback: boolean): MutatingPolicy[] {
  // Both fixes in one policy: under OnDelete the variable restarts nothing, so one has to know of the other.
  const reads = ({ modes, calico }: BaseSettings) => [
    modes.get(strategyRule) === 'enforce',
    modes.get(backendRule) === 'enforce',
    calico
  ]
  return groupsOf(policy, reads).flatMap((group) => {
    const { modes, calico } = group.settings
    const exempt = (ruleId: string): Cel => isExempt(exemptionsOf(policy.exemptions, ruleId, now), false)
    const wanted = modes.get(backendRule) === 'enforce' ? calico.iptablesBackend : undefined
    const fixesStrategy = modes.get(strategyRule) === 'enforce' && calico.updateStrategy !== 'hold'
    if (!fixesStrategy && wanted === undefined) return []
    const isSpared = calico.operatorManaged === 'mutate' ? 'false' : 'variables.isOperators'
    const variables: Variable[] = [
      ...felixVariables,
      ...workloadVariables,
      ...(group.isHere === undefined ? [] : layerVariables(policy)),
      { name: 'isOnDelete', expression: 'object.spec.?updateStrategy.?type.orValue("") == "OnDelete"' },
      {
        name: 'fixesStrategy',
        expression: fixesStrategy
          ? conditionOf(group, [
              `!(${isSpared})`,
              `!(${exempt(strategyRule)})`,
              '!(variables.isOnDelete && !has(object.spec.updateStrategy.rollingUpdate))'
            ])
          : 'false'
      },
      ...(wanted === undefined ? [] : backendVariables(group, wanted, isSpared, exempt))
    ]
    return [
      {
        name: `${['calico', group.name].filter((each) => each !== '').join('.')}.pidguard.io`,
        ruleIds: [...(fixesStrategy ? [strategyRule] : []), ...(wanted === undefined ? [] : [backendRule])],
        part: 'daemonsets' as const,
        failurePolicy: 'Ignore' as const,
        reinvocationPolicy: 'IfNeeded' as const,
        conditions: [...passedOver('daemonsets'), calicoOnly],
        namespaceSelector: undefined,
        variables,
        patch: [
          ...(isFallback ? [annotations(wanted !== undefined)] : []),
          `(variables.fixesStrategy ? [${operation('add', literal('/spec/updateStrategy'), '{"type": "OnDelete"}')}] : [])`,
          ...(wanted === undefined ? [] : [backendPatch(wanted)])
        ].join('\n+ ')
      }
    ]
  })
}

/** Asked before any variable: nearly every other DaemonSet ends here. */
const calicoOnly = {
  name: 'has-a-container-of-that-name',
  expression: 'object.spec.template.spec.containers.exists(c, c.name == "calico-node")'
}

function conditionOf({ isHere }: LayerGroup, conditions: readonly Cel[]): Cel {
  return all(['variables.isFelix', ...(isHere === undefined ? [] : [isHere]), ...conditions])
}

function backendVariables(
  group: LayerGroup,
  wanted: Backend,
  isSpared: Cel,
  exempt: (ruleId: string) => Cel
): Variable[] {
  // An UPDATE that leaves the template alone must not become a rollout; see kubernetes/calico/would-restart.ts.
  const restarts =
    'request.operation == "UPDATE" && variables.isSameTemplate && !variables.isOnDelete && !variables.fixesStrategy'
  return [
    otherFelixVariable,
    ...felixHabits(wanted),
    {
      name: 'fixesBackend',
      expression: conditionOf(group, [
        `!(${isSpared})`,
        `!(${exempt(backendRule)})`,
        'variables.problem != ""',
        `!(${restarts})`
      ])
    },
    { name: 'first', expression: 'variables.isSpelling.indexOf(true)' },
    { name: 'list', expression: '"/spec/template/spec/containers/" + string(variables.index) + "/env"' }
  ]
}

/** One entry with the policy's value, at the place of the first; the other spellings go, the last of them first. */
function backendPatch(wanted: Backend): Cel {
  const entry = `{"name": ${literal(backendVariable)}, "value": ${literal(wanted)}}`
  return `(!variables.fixesBackend ? []
: size(variables.env) == 0 ? [${operation('add', 'variables.list', `[${entry}]`)}]
: variables.first < 0 ? [${operation('add', 'variables.list + "/-"', entry)}]
: variables.isSpelling.transformList(i, is, is && i != variables.first, ${removal('variables.list + "/" + string(i)')}).reverse()
+ [${operation('replace', 'variables.list + "/" + string(variables.first)', entry)}])`
}

/** What was there before, for the webhook to say. Where nothing is changed, none of it. */
function annotations(knowsBackend: boolean): Cel {
  const path = (name: string): Cel => literal(`/metadata/annotations/${escapeToken(name)}`)
  const fixes = ['variables.fixesStrategy', ...(knowsBackend ? ['variables.fixesBackend'] : [])]
  const strategy = 'object.spec.?updateStrategy.?type.orValue("not set")'
  const backend = `size(variables.spellings) == 0 ? "not set" : variables.isElsewhere ? "set elsewhere"
: strings.quote(size(variables.value) > 40 ? variables.value.substring(0, 40) : variables.value)`
  return [
    `(has(object.metadata.annotations) || !(${fixes.join(' || ')}) ? [] : [${operation('add', literal('/metadata/annotations'), '{}')}])`,
    `(variables.fixesStrategy ? [${operation('add', path(updateStrategyWas), strategy)}] : [])`,
    ...(knowsBackend
      ? [`(variables.fixesBackend ? [${operation('add', path(iptablesBackendWas), backend)}] : [])`]
      : [])
  ].join('\n+ ')
}
