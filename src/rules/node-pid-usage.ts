// Reads: what is in use under both ceilings of a node.  Fine: less than spec.audit.usage of each.
import { defineRule } from '../engine/rule.ts'
import { floorUnder } from '../headroom/ceiling-account.ts'
import { knownCeilings, lackOfUse } from '../headroom/node-ceilings.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'
import { percentText } from '../lib/percent.ts'

export const nodePidUsage = defineRule<Subject, 'node'>({
  id: 'node-pid-usage',
  title: 'PIDs in use',
  why: 'A node close to either ceiling is one burst away from an outage: a rollout, a slow database behind a thread pool, or a batch job is enough. Exec probes fork too, and calico-node is among the first to fail.',
  remedy:
    'See who holds the PIDs: `pidguard top pods --node NAME`. Restart or move what leaks, then raise the ceiling that is short: kernel.pid_max for the node, a restart of the kubelet for kubepods.',
  limits: 'It is one moment: cAdvisor itself looks every 10 to 15 seconds, and a burst in between is not seen.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: ['node'],
  reads: () => [],
  check(_subject, { settings, node: state }) {
    const [fullest] = knownCeilings(state)
    if (fullest === undefined || fullest.used < settings.audit.usage) return []
    const { name, limit, inUse, used } = fullest
    const floor = floorUnder(limit, settings.headroom.floor)
    return [
      {
        pointer: '/status/capacity/pid',
        reason: 'few PIDs are left',
        detail: `${inUse} of ${limit} tasks under ${name} (${percentText(used)}), the policy keeps ${floor} free`,
        weight: used
      }
    ]
  },
  missingFact: (_subject, { node: state }) => lackOfUse(state)
})
