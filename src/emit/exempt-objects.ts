import { scheduledMinutes } from '../kubernetes/workloads.ts'
import type { Millis } from '../lib/units.ts'
import { coversRule } from '../policy/exemptions.ts'
import type { Exemption } from '../policy/policy.ts'
import { all, any, type Cel, literal, matchesGlob, matchesSelector, type Variable } from './cel.ts'
import { controllers } from './parts.ts'

/** Exemptions that still count at that instant and name the rule. */
export function exemptionsOf(exemptions: readonly Exemption[], ruleId: string, now: Millis): Exemption[] {
  return exemptions.filter((exemption) => coversRule(exemption, ruleId) && now < exemption.expiresAt)
}

/** The names and kinds an object goes by: its own, and those of its workload. As `targetOf` and `workloadOf` have them. */
export const workloadVariables: readonly Variable[] = [
  { name: 'owner', expression: `${controllers('object.metadata')}.filter(o, o.kind != "Node")` },
  {
    name: 'name',
    expression: 'object.metadata.?name.orValue(object.metadata.?generateName.orValue("") + "*")'
  },
  { name: 'hash', expression: 'object.metadata.?labels[?"pod-template-hash"].orValue("")' },
  {
    name: 'ofDeployment',
    expression:
      'variables.owner.exists(o, o.kind == "ReplicaSet" && variables.hash != "" && o.name.endsWith("-" + variables.hash))'
  },
  {
    name: 'minutes',
    expression: `variables.owner.filter(o, o.kind == "Job").map(o, o.name.find("^.+-([1-9][0-9]{7}|[1-9][0-9]{9})$").find("[0-9]+$"))
.filter(digits, digits != "").map(digits, size(digits) == 8 ? int(digits) * 60 : int(digits))
.filter(seconds, seconds % 60 == 0 && seconds >= ${scheduledMinutes.first} * 60 && seconds <= ${scheduledMinutes.last} * 60)`
  },
  {
    name: 'kinds',
    expression: `[request.kind.kind] + (size(variables.owner) == 0 ? ["Pod"]
: variables.ofDeployment ? ["Deployment"] : size(variables.minutes) > 0 ? ["CronJob"] : [variables.owner[0].kind])`
  },
  {
    name: 'workload',
    expression: `size(variables.owner) == 0 ? variables.name
: variables.ofDeployment
? variables.owner[0].name.substring(0, size(variables.owner[0].name) - size(variables.hash) - 1)
: size(variables.minutes) > 0 ? variables.owner[0].name.substring(0, variables.owner[0].name.lastIndexOf("-"))
: variables.owner[0].name`
  },
  {
    name: 'names',
    expression: `[object.metadata.?name.orValue(""), object.metadata.?generateName.orValue(""), variables.workload].map(name,
name.endsWith("-") && name == object.metadata.?generateName.orValue("") ? name.substring(0, size(name) - 1) : name)
.filter(name, name != "")`
  }
]

/**
 * Whether one of the exemptions reaches the object. With `hasClock` each ends on its day: CEL has no clock, but the API server
 * has stamped the object by then with the time of the request, as creationTimestamp or in managedFields.
 */
export function isExempt(exemptions: readonly Exemption[], hasClock: boolean): Cel {
  return any(exemptions.map((exemption) => reaches(exemption, hasClock)))
}

function reaches({ namespaces, kinds, names, selector, expiresAt }: Exemption, hasClock: boolean): Cel {
  return all([
    ...(namespaces === undefined ? [] : [matchesGlob('request.namespace', namespaces)]),
    ...(kinds === undefined ? [] : [`variables.kinds.exists(kind, kind in ${literal(kinds)})`]),
    ...(names === undefined ? [] : [`variables.names.exists(name, ${matchesGlob('name', names)})`]),
    ...(selector === undefined ? [] : [matchesSelector('object.metadata.?labels.orValue({})', selector)]),
    ...(hasClock
      ? [
          `!variables.stamps.exists(stamp, timestamp(stamp) >= timestamp(${literal(new Date(expiresAt).toISOString())}))`
        ]
      : [])
  ])
}

/** Times at or before that of the request; the newest is that of the request, if it changes anything. */
export const stampsVariable: Variable = {
  name: 'stamps',
  expression: `[object.metadata.creationTimestamp]
+ object.metadata.?managedFields.orValue([]).filter(f, has(f.time)).map(f, f.time)`
}
