// Reads: the condition PIDPressure of a Node.  Fine: False.
import { defineRule } from '../engine/rule.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, optionalList, optionalRecord } from '../lib/json/shape.ts'

export const nodePidPressure = defineRule({
  id: 'node-pid-pressure',
  title: 'PIDPressure',
  why: 'The kubelet says that the node runs out of PIDs: it evicts pods and takes no new ones, but those of DaemonSets.',
  remedy:
    'See where the PIDs are: `pidguard top nodes -o wide`, then `pidguard top pods --node NAME`. Stop what leaks; the condition goes five minutes after PIDs are back.',
  limits: 'Only a kubelet with an eviction threshold for pid.available says so at all: see node-pid-eviction.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: [],
  reads: (subject) => [conditionOf(subject)?.condition['status']],
  check(subject) {
    const found = conditionOf(subject)
    if (found?.condition['status'] !== 'True') return []
    return [
      {
        pointer: `/status/conditions/${found.index}`,
        reason: 'the node is under PID pressure',
        detail: 'condition PIDPressure is True'
      }
    ]
  },
  missingFact: (subject) =>
    conditionOf(subject)?.condition['status'] === 'False' ? undefined : 'PIDPressure not reported'
})

function conditionOf({ object }: Subject): { index: number; condition: JsonRecord } | undefined {
  const status = optionalRecord(object['status'], '/status')
  const conditions = optionalList(status?.['conditions'], '/status/conditions') ?? []
  const index = conditions.findIndex((condition) => isRecord(condition) && condition['type'] === 'PIDPressure')
  return index < 0 ? undefined : { index, condition: conditions[index] as JsonRecord }
}
