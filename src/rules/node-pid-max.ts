// Reads: the ceiling of a node, min(pid_max, threads-max), as its kubelet tells it.  Fine: at least spec.audit.pidMax.
import { defineRule } from '../engine/rule.ts'
import { lackOfLimit } from '../headroom/node-ceilings.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'

export const nodePidMax = defineRule<Subject, 'node'>({
  id: 'node-pid-max',
  title: 'PIDs a node allows',
  why: 'The kernel gives out at most kernel.pid_max task ids (32768 by default) and at most kernel.threads-max threads. At that number nothing on the node can start a process, not even the shell to fix it with.',
  remedy:
    'Raise kernel.pid_max on the node by a file in /etc/sysctl.d, then restart its kubelet. Where kernel.threads-max is the smaller of the two, raise that as well. Without the restart kubepods keeps the old limit: see node-kubepods-drift.',
  limits:
    'It knows the smaller of the two only, as the kubelet reports it. fs.file-max and ulimit have nothing to do with it.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: ['node'],
  reads: () => [],
  check(_subject, { settings, node: state }) {
    const limit = state.reading?.host.limit
    const { pidMax } = settings.audit
    if (limit === undefined || limit >= pidMax) return []
    return [
      {
        pointer: '/status/capacity/pid',
        reason: 'the node allows few PIDs',
        detail: `the node allows ${limit} tasks, the policy asks for ${pidMax}`,
        weight: -limit
      }
    ]
  },
  missingFact: (_subject, { node: state }) => lackOfLimit(state, ['node'])
})
