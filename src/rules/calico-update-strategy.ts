// Reads: updateStrategy of DaemonSets that run Felix, when it or the template changes.  Fine: OnDelete.
import { defineRule } from '../engine/rule.ts'
import { felixContainerOf, isOperatorManaged, specOf } from '../kubernetes/felix.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { daemonSet } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, nameOf } from '../lib/json/shape.ts'

export const calicoUpdateStrategy = defineRule({
  id: 'calico-update-strategy',
  title: 'Calico update strategy',
  why: 'With RollingUpdate, any change of the template restarts calico-node on every node, one after the other, however little room for new processes those nodes have. With OnDelete a person decides when each node is restarted.',
  remedy:
    'Set spec.updateStrategy to {type: OnDelete}. Restart calico-node node by node after a change by deleting its pods.',
  limits:
    'OnDelete has a price: changed templates, security fixes too, reach a node only when its pod is deleted or the node is new, and `kubectl rollout status` refuses to wait. A DaemonSet of the tigera operator is left alone unless the policy says `spec.calico.operatorManaged: mutate`: the operator would report Progressing for ever. Use `nodeUpdateStrategy.rollingUpdate.maxUnavailable: 1` of its Installation there.',
  defaultMode: 'enforce',
  scope: 'cluster',
  kinds: [daemonSet],
  needs: [],
  controlled: true,
  // The template too: it is its change that a RollingUpdate carries to every node.
  reads: (subject) =>
    felixContainerOf(subject) === undefined ? [] : [strategyOf(subject), specOf(subject)?.['template']],
  check(subject, { settings }) {
    if (felixContainerOf(subject) === undefined) return []
    if (isOperatorManaged(subject) && settings.calico.operatorManaged !== 'mutate') return []
    const strategy = strategyOf(subject)
    if (strategy?.['type'] === 'OnDelete') return []
    const found = strategy?.['type']
    return [
      {
        pointer: '/spec/updateStrategy',
        reason: 'update strategy is not OnDelete',
        detail:
          found === undefined
            ? 'updateStrategy is not set, which means RollingUpdate'
            : `updateStrategy.type=${typeof found === 'string' ? found.slice(0, 40) : nameOf(found)}`,
        advisory: isOperatorManaged(subject)
      }
    ]
  },
  fixes: (subject) => felixContainerOf(subject) !== undefined,
  fix(subject, draft, { settings }) {
    if (isOperatorManaged(subject) && settings.calico.operatorManaged !== 'mutate') return
    const strategy = strategyOf(subject)
    // A rollingUpdate left behind is accepted by the API server and ignored; whoever reads it is misled.
    const isClean = strategy?.['type'] === 'OnDelete' && (strategy['rollingUpdate'] ?? undefined) === undefined
    if (!isClean) draft.set('/spec/updateStrategy', { type: 'OnDelete' })
  }
})

function strategyOf(subject: Subject): JsonRecord | undefined {
  const strategy = specOf(subject)?.['updateStrategy']
  return isRecord(strategy) ? strategy : undefined
}
