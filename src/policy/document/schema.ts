import { z } from 'zod'
import type { Selector } from '../../kubernetes/label-selector.ts'
import { runtimes } from '../../kubernetes/language-runtimes.ts'
import type { Pids } from '../../lib/units.ts'
import { modes } from '../../model/finding.ts'
import { defaultSettings, defaultSystemNamespaces } from '../default-settings.ts'
import { apiVersion, kind } from '../policy.ts'
import type { Profile, RuleInfo } from '../settings.ts'
import * as f from './field-types.ts'
import { fields, flag, listOf, oneOf, optional, required, value } from './fields.ts'

/** Where settings stand: the document's own carry defaults, those of an override inherit. */
type Place = 'spec' | 'override'

export type PolicyDocument = z.output<ReturnType<typeof buildPolicySchema>>

/** The document as people write it. Checks between two settings stand in `cross-checks.ts`. */
export function buildPolicySchema(rules: readonly RuleInfo[]) {
  const spec = fields({
    systemNamespaces: optional(
      z.array(f.namespacePattern(), { error: 'a list of namespace patterns' }),
      'Namespaces where rules about pods are off, whatever an override says. A list here replaces the default list.',
      defaultSystemNamespaces
    ),
    ...settingsFields('spec', rules),
    overrides: optional(
      z.array(overrideFields(rules), { error: 'a list of overrides' }),
      'Other settings for some namespaces. The first override that matches a namespace is its only one.'
    ),
    exemptions: optional(
      z.array(exemptionFields(rules), { error: 'a list of exemptions' }),
      'Objects that rules leave alone, for a reason and until a day.'
    ),
    namespaceTuning: optional(
      tuningFields(),
      'What the owner of a Namespace may set by annotation on it. What is left out may not be set.'
    )
  })
  return fields({
    apiVersion: required(z.literal(apiVersion, { error: apiVersion }), 'The version of this format.'),
    kind: required(z.literal(kind, { error: kind }), 'What this document is.'),
    metadata: optional(
      fields({
        name: optional(f.name(), 'A name for reports.', 'default'),
        labels: optional(f.stringMap(), 'For your own use.'),
        annotations: optional(f.stringMap(), 'For your own use.')
      }),
      'Names the policy.'
    ),
    spec: optional(spec, 'The settings. All of them have defaults.')
  }).meta({ title: kind, description: 'What pidguard enforces, in the webhook, in CI and in audits.' })
}

function settingsFields(place: Place, rules: readonly RuleInfo[]) {
  const defaults = place === 'spec' ? defaultSettings : undefined
  return {
    rules: optional(
      modeFields(place, rules),
      'What follows from the findings of a rule: enforce denies, warn tells, audit records, off does not look.'
    ),
    requests: optional(requestFields(defaults), 'Requests that resource-requests adds where a container has none.'),
    pids: optional(pidFields(defaults), 'How many tasks (threads) a pod is counted with.'),
    headroom: optional(headroomFields(place, defaults), 'The room for tasks that nodes must keep.'),
    audit: optional(auditFields(place, defaults), 'What an audit calls too little or too much.'),
    calico: optional(calicoFields(defaults), 'What Felix, the agent of Calico on each node, must be told.')
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
      'Tasks of a pod that declares none, was never observed and matches no profile.',
      defaults?.pids.estimate
    ),
    limit: optional(f.pidsOrNone(), 'Tasks a pod is annotated with as its limit; none to take an inherited one away.'),
    trustDeclared: optional(
      flag(),
      'Whether pidguard.io/pids counts although the workload was seen to hold more.',
      defaults?.pids.trustDeclared
    ),
    profiles: optional(
      z.array(profileFields(), { error: 'a list of profiles' }),
      'What is known of some pods; the first that matches counts. A list here replaces the inherited one.'
    )
  })
}

function profileFields() {
  const match = fields({
    images: optional(listOf(f.imagePattern()), 'Patterns; one of them must match the image of one container.'),
    selector: optional(f.selector(), 'Labels of the pod.')
  }).meta({ minProperties: 1 })
  const threadCap = fields({
    runtime: required(oneOf(runtimes), 'The language runtime of these pods.'),
    threads: required(f.pids(), 'The thread cap they should set.')
  })
  return fields({
    name: required(f.name(), 'Names the profile in messages; unique in its list.'),
    match: required(match, 'Which pods; every part that is given must match.'),
    estimate: optional(f.pids(), 'Tasks of such a pod.'),
    limit: optional(f.pids(), 'Tasks such a pod is annotated with as its limit.'),
    threadCap: optional(threadCap, 'What runtime-thread-cap asks of such a pod.')
  }).transform(profileOf)
}

interface WrittenProfile {
  readonly name: string
  readonly match: { readonly images?: readonly string[] | undefined; readonly selector?: Selector | undefined }
  readonly estimate?: Pids | undefined
  readonly limit?: Pids | undefined
  readonly threadCap?: Profile['threadCap']
}

function profileOf({ name, match, estimate, limit, threadCap }: WrittenProfile): Profile {
  return { name, match: { images: match.images ?? [], selector: match.selector }, estimate, limit, threadCap }
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
      defaults && '25%'
    ),
    budget: optional(budget, 'What one namespace may commit.'),
    taintNodes: optional(
      place === 'spec' ? flag() : nodesOnly('spec.headroom'),
      'Taint nodes without room for one more pod above the floor, so that the scheduler looks elsewhere.',
      defaults?.headroom.taintNodes
    ),
    maxTaintedShare: optional(
      place === 'spec' ? f.share() : nodesOnly('spec.headroom'),
      'The largest share of the nodes that may carry the taint at once, rounded up; one node always stays free of it.',
      defaults && '25%'
    ),
    taintHysteresis: optional(
      place === 'spec' ? f.floor() : nodesOnly('spec.headroom'),
      'Tasks that must be free beyond that before the taint goes: a share of the ceiling, or a count.',
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
    )
  })
}

function calicoFields(defaults: Defaults) {
  return fields({
    iptablesBackend: optional(
      f.backend(),
      'What Felix must use. No default: a wrong guess cuts the network of a node.'
    ),
    operatorManaged: optional(
      oneOf(['report', 'mutate']),
      'DaemonSets of the tigera operator: report only, or mutate what it writes.',
      defaults?.calico.operatorManaged
    )
  })
}

function overrideFields(rules: readonly RuleInfo[]) {
  const namespaces = fields({
    names: optional(listOf(f.namespacePattern()), 'Patterns; one of them must match.'),
    selector: optional(f.selector(), 'Labels of the Namespace.')
  }).meta({ minProperties: 1 })
  return fields({
    name: required(f.name(), 'Names the override in messages; unique.'),
    namespaces: required(namespaces, 'Which namespaces; where both parts are given both must match.'),
    ...settingsFields('override', rules)
  })
}

function exemptionFields(rules: readonly RuleInfo[]) {
  return fields({
    rules: required(listOf(f.ruleId(rules.map((rule) => rule.id))), "Rule ids, or '*' for all."),
    namespaces: optional(listOf(f.namespacePattern()), 'Patterns; one of them must match.'),
    kinds: optional(
      listOf(f.kind()),
      'Kinds; one of them must be that of the object, or of the workload it belongs to.'
    ),
    names: optional(listOf(f.objectPattern()), 'Patterns; one must match the name of the object or of its owner.'),
    selector: optional(f.selector(), 'Labels of the object.'),
    reason: required(f.reason(), 'Why; shown wherever the exemption counts.'),
    expires: required(f.expiry(), 'The last day (UTC) or the instant at which it ends.')
  })
}

function tuningFields() {
  const quantities = (example: string) =>
    fields({
      min: optional(f.request(example), 'Least that may be set.'),
      max: required(f.request(example), 'Most that may be set.')
    })
  return fields({
    pids: optional(
      fields({ min: optional(f.pids(), 'Least.', 1), max: required(f.pids(), 'Most.') }),
      'Bounds of pidguard.io/default-pids.'
    ),
    cpu: optional(quantities('500m'), 'Bounds of pidguard.io/default-cpu-request.'),
    memory: optional(quantities('1Gi'), 'Bounds of pidguard.io/default-memory-request.'),
    floor: optional(
      fields({ min: required(f.floor(), 'Least.'), max: required(f.floor(), 'Most.') }),
      'Bounds of pidguard.io/headroom-floor.'
    )
  })
}
