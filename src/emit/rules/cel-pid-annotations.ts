import { declaredPids } from '../../kubernetes/annotations.ts'
import { maxPids } from '../../kubernetes/qos/pids-limit.ts'
import { escapeToken } from '../../lib/json/pointer.ts'
import { type Cel, literal, quoted } from '../cel.ts'
import { type Condition, podVariables } from '../parts.ts'
import type { CelCheck, CelRule } from '../rule-policy.ts'
import { calicosOwnPodConditions, isCalicosOwnPod } from './cel-felix.ts'

/** A count as `readPids` takes it: the same digits in both languages. */
export function isCount(text: Cel): Cel {
  return `${text}.matches("^[1-9][0-9]{0,6}$") && int(${text}) <= ${maxPids}`
}

const ofPods: readonly Condition[] = [
  { name: 'declares-pids', expression: `${literal(declaredPids)} in object.metadata.?annotations.orValue({})` }
]

/** src/rules/pid-annotations.ts, the check. */
export const pidAnnotations: CelRule = {
  id: 'pid-annotations',
  reads: () => null,
  checks: (_settings, remedy) =>
    (['pods', 'templates'] as const).map(
      (part): CelCheck => ({
        part,
        ...(part === 'pods' ? { conditions: ofPods, adviceConditions: calicosOwnPodConditions } : {}),
        variables: [
          ...podVariables(part),
          { name: 'declared', expression: `variables.meta.?annotations[?${literal(declaredPids)}]` },
          // No value(): where nothing is declared it ends in an error, and the policy refuses the pod.
          { name: 'text', expression: 'variables.declared.orValue("")' }
        ],
        findings: [
          {
            when: `variables.declared.hasValue() && !(${isCount('variables.text')})${
              part === 'pods'
                ? ''
                : `\n&& !(oldObject != null && variables.declared == variables.oldMeta.?annotations[?${literal(declaredPids)}])`
            }`,
            advisory: isCalicosOwnPod,
            reason: literal('declared PIDs are not a valid count'),
            detail: `${literal(`${declaredPids}=`)} + ${quoted('variables.text', 40)}`,
            pointer: `variables.at + ${literal(`/metadata/annotations/${escapeToken(declaredPids)}`)}`,
            remedy
          }
        ]
      })
    )
}
