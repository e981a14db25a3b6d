// Reads: evictionHard and evictionSoft of the kubelet.  Fine: one of them has pid.available.
import { defineRule } from '../engine/rule.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'

export const nodePidEviction = defineRule<Subject, 'node'>({
  id: 'node-pid-eviction',
  title: 'Eviction when PIDs run out',
  why: 'The kubelet has no default threshold for pid.available. Unless one is set, PIDPressure never turns true, no pod is ever evicted for its threads, and the node takes new pods until nothing can fork.',
  remedy:
    'Set evictionHard pid.available (for example 10%) in the configuration of the kubelet. Set the other signals with it: a list of your own replaces all defaults. Then restart it.',
  limits:
    'Eviction looks at the node, not at kubepods, so it does not help where kubepods is full on a roomy node; and it ranks pods by priority before threads.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: ['node'],
  reads: () => [],
  check(_subject, { node: { kubelet } }) {
    if (kubelet === undefined || kubelet.eviction !== undefined) return []
    return [
      {
        pointer: '/status/conditions',
        reason: 'no eviction for PIDs',
        detail: 'neither evictionHard nor evictionSoft has pid.available, so PIDPressure never turns true'
      }
    ]
  },
  missingFact: (_subject, { node: { kubelet } }) =>
    kubelet === undefined ? 'kubelet configuration not known' : undefined
})
