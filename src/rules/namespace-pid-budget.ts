// Reads: what a new Pod needs and where it may land.  Fine: its namespace stays within its budget, on some node and in all.
import { definePodRule } from '../engine/rule.ts'
import { saySetAside, tooLongToCheck } from '../headroom/denial-text.ts'
import { groupNeedOf, sayGroup } from '../headroom/group-need.ts'
import type { OverBudget } from '../headroom/headroom-view.ts'
import { estimateOf } from '../headroom/pod-estimate.ts'
import { scheduledFrom } from '../kubernetes/scheduling-gates.ts'
import { pod } from '../kubernetes/workloads.ts'

export const namespacePidBudget = definePodRule<'headroom', 'podGroupSizes'>({
  id: 'namespace-pid-budget',
  title: 'PID budget of a namespace',
  why: 'PIDs are shared by all pods on a node, and no quota of Kubernetes counts them: one namespace can take them all.',
  remedy:
    'Stop pods of the namespace that are not needed, or lower pidguard.io/pids where fewer threads do. An administrator can raise spec.headroom.budget.',
  limits:
    'It counts estimates, and what is observed where that is more; nothing here limits the threads of running pods. Which node a pod lands on is up to the scheduler, so a budget per node is kept as far as the pods could be spread.',
  defaultMode: 'enforce',
  scope: 'pods',
  kinds: [pod],
  requiredFacts: ['headroom'],
  optionalFacts: ['podGroupSizes'],
  isAsked: ({ headroom: { budget } }) => budget.perNode !== undefined || budget.total !== undefined,
  reads: ({ podMetadata, podSpec }) => [podMetadata.annotations, podSpec],
  check(subject, { settings, headroom, podGroupSizes }) {
    const { budget, maxAge } = settings.headroom
    const from = scheduledFrom(subject)
    if (from === undefined) return []
    const { pids } = estimateOf(subject, settings, headroom)
    const { uid } = subject.metadata
    const placement = headroom.placementOf(subject.podSpec)
    if (placement.isTooLong && budget.perNode !== undefined)
      return [{ pointer: '/spec', ...tooLongToCheck, advisory: from === 'later' }]
    const need = groupNeedOf(subject, headroom, podGroupSizes)
    const over = headroom.overBudget({
      ...budget,
      namespace: subject.namespace,
      placement,
      pids,
      pods: need.pods,
      group: need.group,
      uid: typeof uid === 'string' ? uid : undefined,
      maxAge
    })
    return over.map((one) => ({
      pointer: '/spec',
      reason: reasons[one.budget],
      detail: `needs ${pids * need.pods}; ${say(one)}${saySetAside(one.setAside)}${sayGroup(need)}`,
      audit: `pids=${pids * need.pods} committed=${one.committed} budget=${one.limit}`,
      // A gated pod takes nothing of the budget. It is checked again when its last gate is removed.
      advisory: from === 'later' || !one.isCertain
    }))
  }
})

const reasons = {
  total: 'the namespace would exceed its PID budget',
  perNode: 'the namespace would exceed its PID budget per node'
} as const

function say({ budget, limit, committed, waiting, nodes }: OverBudget): string {
  if (budget === 'total') return `committed ${committed} of ${limit} in all`
  const beside = waiting === 0 ? '' : `, and ${waiting} for pods without a node`
  return `committed ${committed} of ${limit} on the best of ${nodes} nodes${beside}`
}
