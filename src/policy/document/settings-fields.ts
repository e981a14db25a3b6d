import { modes } from '../../model/finding.ts'
import { defaultSettings } from '../default-settings.ts'
import type { RuleInfo } from '../settings.ts'
import * as f from './field-types.ts'
import { fields, flag, list, oneOf, optional, value } from './fields.ts'
import { profileFields } from './profile-fields.ts'

/** The document's own settings carry defaults, those of an override inherit. */
type Place = 'spec' | 'override'

/** The settings that `spec` and each override hold. */
export function settingsFields(place: Place, rules: readonly RuleInfo[]) {
  const defaults = place === 'spec' ? defaultSettings : undefined
  return {
    rules: optional(
      modeFields(place, rules),
      'What a finding of the rule does: enforce denies, warn warns, audit records, off turns the rule off.'
    ),
    requests: optional(requestFields(defaults), 'Requests that resource-requests adds where a container has none.'),
    pids: optional(pidFields(defaults), 'How many tasks (threads) a pod is counted with.'),
    headroom: optional(
      headroomFields(place, defaults),
      'The PIDs (a PID is a task, that is a thread) that nodes must keep free.'
    ),
    audit: optional(auditFields(place, defaults), 'The limits beyond which an audit reports a node or a pod.'),
    calico: optional(calicoFields(defaults), 'Settings of Felix, the agent of Calico on each node.')
  }
}

function modeFields(place: Place, rules: readonly RuleInfo[]) {
  const shown = (rule: RuleInfo) => (place === 'spec' ? rule.defaultMode : undefined)
  const mode = (rule: RuleInfo) => optional(oneOf(modes), `Mode of ${rule.id}.`, shown(rule))
  return fields(Object.fromEntries(rules.map((rule) => [rule.id, mode(rule)])), 'rule')
}

type Defaults = typeof defaultSettings | undefined

function requestFields(defaults: Defaults) {
  return fields({
    bestEffortPods: optional(
      oneOf(['reject', 'inject']),
      'A pod without any request or limit: reject leaves it to best-effort, inject gives it requests.',
      defaults?.requests.bestEffortPods
    ),
    cpu: optional(f.request('10m'), 'CPU request to add.', defaults?.requests.cpu),
    memory: optional(f.request('32Mi'), 'Memory request to add.', defaults?.requests.memory)
  })
}

function pidFields(defaults: Defaults) {
  return fields({
    estimate: optional(
      f.pids(),
      'Tasks counted for a pod that declares none, was never observed and matches no profile.',
      defaults?.pids.estimate
    ),
    limit: optional(f.pidsOrNone(), 'The task limit that pods are annotated with; none removes an inherited one.'),
    trustDeclared: optional(
      flag(),
      'Whether pidguard.io/pids counts although the workload was seen to hold more.',
      defaults?.pids.trustDeclared
    ),
    profiles: optional(
      list(profileFields(), 'a list of profiles'),
      'Figures for some pods; the first profile that matches is used. A list here replaces the inherited one.'
    )
  })
}

/** For settings of nodes, which belong to no namespace. */
function nodesOnly(where: string) {
  return value(`no value here: it holds for all nodes, and is set in ${where}`, { not: {} }, () => undefined as never)
}

function headroomFields(place: Place, defaults: Defaults) {
  const budget = fields({
    perNode: optional(f.pidsOrNone(), 'Most tasks one namespace may commit on one node.'),
    total: optional(f.pidsOrNone(), 'Most tasks one namespace may commit in all.')
  })
  return fields({
    floor: optional(
      f.floor(),
      'Tasks that must stay free on a node after a pod has landed: a share of its ceiling, or a count.',
      defaults && '10%'
    ),
    maxAge: optional(f.maxAge(), 'A node reading older than this is unknown.', defaults && '60s'),
    claimShare: optional(
      f.share(),
      'The share of free PIDs that another namespace can keep from pods here by estimates alone.',
      defaults && '50%'
    ),
    budget: optional(budget, 'What one namespace may commit.'),
    urgentPriority: optional(
      f.priority(),
      'A pod of this priority or a higher one is warned about and never denied for lack of PIDs.',
      defaults?.headroom.urgentPriority
    ),
    autoscaled: optional(
      place === 'spec' ? flag() : nodesOnly('spec.headroom'),
      'An autoscaler adds nodes for Pending pods: pid-headroom warns, and also the last node of a pool may be tainted.',
      defaults?.headroom.autoscaled
    ),
    schedulePids: optional(
      place === 'spec' ? flag() : nodesOnly('spec.headroom'),
      'Make PIDs a resource of the scheduler, pidguard.io/pids: nodes offer what is free, new pods request their estimate.',
      defaults?.headroom.schedulePids
    ),
    taintNodes: optional(
      place === 'spec' ? flag() : nodesOnly('spec.headroom'),
      'Taint nodes without room for one more pod above the floor, so that the scheduler avoids them.',
      defaults?.headroom.taintNodes
    ),
    maxTaintedShare: optional(
      place === 'spec' ? f.share() : nodesOnly('spec.headroom'),
      'The largest share of the nodes that may carry the taint at once, rounded up; one node always stays free of it.',
      defaults && '25%'
    ),
    taintHysteresis: optional(
      place === 'spec' ? f.floor() : nodesOnly('spec.headroom'),
      'Tasks that must be free beyond that before the taint is removed: a share of the ceiling, or a count.',
      defaults && '5%'
    )
  })
}

function auditFields(place: Place, defaults: Defaults) {
  return fields({
    pidMax: optional(
      place === 'spec' ? f.pids() : nodesOnly('spec.audit'),
      'Tasks a node should allow at least: the smaller of kernel.pid_max and kernel.threads-max.',
      defaults?.audit.pidMax
    ),
    usage: optional(
      place === 'spec' ? f.share() : nodesOnly('spec.audit'),
      'The share of either ceiling of a node that may be in use.',
      defaults && '80%'
    ),
    podShare: optional(
      f.share(),
      'The share of the lower ceiling of its node that one pod may hold.',
      defaults && '20%'
    ),
    ownLimit: optional(
      f.share(),
      'The share of a limit of its own (podPidsLimit, that of a container, TasksMax of a unit) that may be used.',
      defaults && '90%'
    ),
    holderShare: optional(
      place === 'spec' ? f.share() : nodesOnly('spec.audit'),
      'The share of what is in use on a node from which a workload is named as its holder.',
      defaults && '10%'
    )
  })
}

function calicoFields(defaults: Defaults) {
  return fields({
    iptablesBackend: optional(
      f.backend(),
      'The backend that Felix must use. No default: a wrong guess cuts the network of a node.'
    ),
    operatorManaged: optional(
      oneOf(['report', 'mutate']),
      'DaemonSets of the tigera operator: report only, or change what the operator writes.',
      defaults?.calico.operatorManaged
    ),
    updateStrategy: optional(
      oneOf(['OnDelete', 'hold']),
      'OnDelete is set; or RollingUpdate stays, and changes that restart Felix are refused while nodes are short of PIDs.',
      defaults?.calico.updateStrategy
    ),
    repair: optional(
      flag(),
      'The controller repairs DaemonSets of Calico that are out of policy. Needs the component calico-repair.',
      defaults?.calico.repair
    )
  })
}
