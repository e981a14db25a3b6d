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
    'See where the PIDs are: `pidguard top nodes -o wide`, then `pidguard top pods --node NAME`. Stop what leaks: the workload that stands out, or, where most are outside of pods, what `ps -eLf` shows on the node. Where nothing stands out, the node needs fewer pods or a higher ceiling: kernel.pid_max and kernel.threads-max for the node; for kubepods the same, then a restart of the kubelet. A restart alone raises kubepods only where node-kubepods-drift is found.',
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
    const cgroup = name === 'node' ? state.reading?.hostCgroup : undefined
    const where = cgroup === undefined ? name : `the cgroup ${cgroup} above kubepods`
    return [
      {
        pointer: '/status/capacity/pid',
        reason: 'few PIDs are left',
        detail: `${inUse} of ${limit} tasks under ${where} (${percentText(used)}), the policy keeps ${floor} free`,
        weight: used,
        ...(cgroup === undefined ? undefined : { remedy: raiseCgroup })
      }
    ]
  },
  missingFact: (_subject, { node: state }) => lackOfUse(state)
})

/** A sysctl does not help there, and no pod is to blame where the limit is for a desktop's containers. */
const raiseCgroup =
  'Raise the limit of the cgroup that kubepods is in: --pids-limit of docker or podman, TasksMax of its unit, LXC limits. See then who holds the most: `pidguard top pods --node NAME`. Raising kernel.pid_max changes nothing.'
