// Reads: both ceilings of a node, and what its kubelet reserves.  Fine: kubepods has all that is not reserved.
import { defineRule } from '../engine/rule.ts'
import { lackOfLimit } from '../headroom/node-ceilings.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'
import type { Pids } from '../lib/units.ts'
import type { NodeState } from '../model/node-reading.ts'

export const nodeKubepodsDrift = defineRule<Subject, 'node'>({
  id: 'node-kubepods-drift',
  title: 'kubepods below its node',
  why: 'The kubelet writes pids.max of the kubepods cgroup once, when it starts, from the pid_max of that moment. If pid_max is raised later, the node looks nearly empty and yet every fork in a pod fails. That is how a node of 1000000 PIDs was down at 49152. PIDPressure stays false, because it looks at the node.',
  remedy:
    'Restart the kubelet of the node: only then does it read pid_max again. Pods keep running meanwhile. A pids.max that was lowered by hand is reset as well.',
  limits:
    'Without the kubelet configuration, a kubepods limit of at least half of its node is not reported: the rest may be reserved.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: ['node'],
  reads: () => [],
  check(_subject, { node: state }) {
    const { host, kubepods } = state.reading ?? {}
    const due = dueOf(state)
    if (due === undefined || kubepods?.limit === undefined || kubepods.limit >= due) return []
    const reserved = state.kubelet?.reserved
    return [
      {
        pointer: '/status/allocatable/pid',
        reason: 'kubepods is below the ceiling of its node',
        detail: `kubepods allows ${kubepods.limit} tasks, the node ${host?.limit}${reserved === undefined ? '' : `, ${reserved} reserved`}`,
        weight: due - kubepods.limit
      }
    ]
  },
  missingFact(_subject, { node: state }) {
    const lack = lackOfLimit(state, ['node', 'kubepods'])
    if (lack !== undefined || state.kubelet?.reserved !== undefined) return lack
    const { host, kubepods } = state.reading ?? {}
    const isWhole = (kubepods?.limit ?? 0) >= (host?.limit ?? 0)
    return isWhole ? undefined : 'kubelet configuration not known'
  }
})

/** No one reserves more than this share of a node for the system: a lower kubepods is drift. Own choice. */
const mostReserved = 0.5

/** The least kubepods should allow. */
function dueOf({ reading, kubelet }: NodeState): Pids | undefined {
  const limit = reading?.host.limit
  // Without a limit of the node the kubelet sets none on kubepods.
  if (limit === undefined || limit === Number.POSITIVE_INFINITY) return undefined
  return kubelet?.reserved === undefined ? limit * (1 - mostReserved) : Math.max(0, limit - kubelet.reserved)
}
