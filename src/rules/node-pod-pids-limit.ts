// Reads: podPidsLimit of the kubelet, or else the limits of the pods it runs.  Fine: every pod has one, below the ceiling of its node.
import { defineRule } from '../engine/rule.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'
import type { Pids } from '../lib/units.ts'
import type { NodeState } from '../model/node-reading.ts'

export const nodePodPidsLimit = defineRule<Subject, 'node'>({
  id: 'node-pod-pids-limit',
  title: 'PID limit of each pod',
  why: 'Without podPidsLimit one pod may take every PID of its node: a thread leak in one program is an outage of all. It is the only portable bound on the threads of a pod; requests and limits of cpu and memory are none.',
  remedy:
    'Set podPidsLimit in the configuration of the kubelet, and restart it. Choose it above the biggest honest pod (`pidguard top pods`); pods that run already get it when they are replaced.',
  limits: 'Limits that a container runtime sets on single containers are not looked at.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: ['node'],
  reads: () => [],
  check(_subject, { node: state }) {
    const detail = unlimited(state)
    if (detail === undefined) return []
    return [{ pointer: '/status/allocatable/pid', reason: 'pods without a limit of their own', detail }]
  },
  missingFact(_subject, { node: { kubelet, reading } }) {
    if (kubelet !== undefined || (reading?.podLimits !== undefined && (reading.pods?.size ?? 0) > 0)) return undefined
    return 'kubelet configuration not known'
  }
})

function unlimited({ kubelet, reading }: NodeState): string | undefined {
  if (kubelet !== undefined) return boundless(kubelet.podPidsLimit, reading)
  const { pods, podLimits } = reading ?? {}
  if (pods === undefined || podLimits === undefined) return undefined
  const without = [...pods.keys()].filter((uid) => !podLimits.has(uid)).length
  return without === 0 ? undefined : `${without} of ${pods.size} pods there have no limit`
}

/** A limit as high as the node's own ceiling bounds nothing. */
function boundless(limit: Pids, reading: NodeState['reading']): string | undefined {
  if (limit === Number.POSITIVE_INFINITY) return 'no podPidsLimit'
  const ceiling = Math.min(reading?.host.limit ?? limit + 1, reading?.kubepods.limit ?? limit + 1)
  return limit < ceiling ? undefined : `podPidsLimit ${limit} is not below the ceiling of the node, ${ceiling}`
}
