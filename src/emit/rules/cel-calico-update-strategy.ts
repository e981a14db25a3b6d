import { literal, quoted } from '../cel.ts'
import type { CelRule } from '../rule-policy.ts'
import { felixVariables } from './cel-felix.ts'

/** src/rules/calico-update-strategy.ts, the check. What was out of policy before is only warned about. */
export const calicoUpdateStrategy: CelRule = {
  id: 'calico-update-strategy',
  reads: ({ calico }) => [calico.operatorManaged, calico.updateStrategy],
  checks: ({ calico }, remedy) => [
    {
      part: 'daemonsets',
      variables: [
        ...felixVariables,
        { name: 'strategy', expression: 'object.spec.?updateStrategy.?type.orValue("")' },
        {
          name: 'isOld',
          expression:
            'variables.wasFelix && variables.isSameTemplate && object.spec.?updateStrategy == oldObject.spec.?updateStrategy'
        }
      ],
      findings: [
        {
          when: `variables.isFelix && variables.strategy != "OnDelete"${calico.operatorManaged === 'mutate' ? '' : ' && !variables.isOperators'}`,
          advisory: 'variables.isOperators || variables.isOld',
          reason: literal('update strategy is not OnDelete'),
          detail: `variables.strategy == "" ? "updateStrategy is not set, which means RollingUpdate"
: "updateStrategy.type=" + ${quoted('variables.strategy', 40)}`,
          pointer: literal('/spec/updateStrategy'),
          remedy
        }
      ]
    }
  ],
  leftOut: ({ calico }) =>
    calico.updateStrategy === 'hold' ? 'with calico.updateStrategy: hold it needs the free PIDs of nodes' : undefined
}
