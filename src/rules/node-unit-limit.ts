// Reads: limits of cgroups outside of pods, such as TasksMax of kubelet.service.  Fine: less than spec.audit.ownLimit of each.
import { defineRule } from '../engine/rule.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'
import { percentText } from '../lib/percent.ts'
import { lackOfLimits } from '../model/node-reading.ts'

export const nodeUnitLimit = defineRule<Subject, 'node'>({
  id: 'node-unit-limit',
  title: 'Tasks of kubelet and container runtime',
  why: 'systemd bounds the tasks of each unit (TasksMax). Where kubelet or the container runtime reach theirs, no container starts and no probe runs, with the errors of a node without PIDs, on a node that has nearly all of its own.',
  remedy:
    'Set TasksMax=infinity for the unit by systemctl edit, or where it is a slice raise its TasksMax; it counts at once. Then see why it holds so many: leaked shims and probe processes stay after their pods.',
  limits:
    'It sees what /metrics/cadvisor shows: kubelet.service, and the unit of the runtime only where the kubelet has runtimeCgroups. `systemctl status` on the node shows Tasks and limit of any unit.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: ['node'],
  reads: () => [],
  check(_subject, { settings, node: { reading } }) {
    const full = (reading?.nearLimits ?? []).filter(
      ({ of, inUse, limit }) => of === 'unit' && inUse / limit >= settings.audit.ownLimit
    )
    return full.map(({ name, inUse, limit }) => ({
      pointer: '/status/conditions',
      reason: 'a unit is near its task limit',
      detail: `${name} holds ${inUse} of ${limit} tasks (${percentText(inUse / limit)})`,
      weight: inUse / limit
    }))
  },
  missingFact(_subject, { node: { reading } }) {
    const lack = lackOfLimits(reading)
    return lack === 'limits not known' ? 'limits of units not known' : lack
  }
})
