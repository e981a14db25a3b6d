import { type Backend, backendName } from '../../kubernetes/calico/felix.ts'
import { felixTag } from '../../kubernetes/calico/felix-version.ts'
import { type Cel, literal, pattern, type Variable } from '../cel.ts'

/** The reasons of src/rules/calico-iptables-backend.ts. */
export const reasons = {
  left: 'iptables backend left to detection',
  differs: 'iptables backend differs from the policy',
  invalid: 'iptables backend not valid',
  unknown: 'iptables backend not known',
  repeated: 'iptables backend set more than once'
} as const

/**
 * What Felix makes of its environment, and what is wrong with that by the policy, or empty; see kubernetes/calico/felix-backend.ts
 * and `problemOf` of the rule. Needs the variables of felix.ts.
 */
export function felixHabits(wanted: Backend | undefined): Variable[] {
  return [
    { name: 'version', expression: versionOf('variables.container') },
    { name: 'isMoot', expression: isMoot('variables.env', 'variables.version') },
    { name: 'last', expression: 'variables.spellings[size(variables.spellings) - 1]' },
    { name: 'value', expression: 'variables.last.?value.orValue("")' },
    { name: 'lower', expression: 'size(variables.spellings) == 0 ? "" : variables.value.lowerAscii()' },
    { name: 'isElsewhere', expression: 'has(variables.last.valueFrom) || variables.value.contains("$(")' },
    { name: 'problem', expression: problemOf(wanted) },
    {
      name: 'otherEnv',
      expression: 'size(variables.others) == 0 ? [] : variables.others[0].?env.orValue([])'
    },
    {
      name: 'otherIsSaid',
      expression: `${isMoot('variables.otherEnv', versionOf('variables.others[0]'))}
|| (${lastOf('variables.otherEnv', backendName)} in ${wanted === undefined ? '["legacy", "nft"]' : `[${literal(wanted.toLowerCase())}]`}
&& !variables.otherEnv.exists(e, e.name.lowerAscii() == ${literal(backendName)} && has(e.valueFrom)))`
    }
  ]
}

function problemOf(wanted: Backend | undefined): Cel {
  const builtIn = wanted === 'NFT' ? literal(reasons.differs) : '""'
  return `variables.isMoot ? ""
: size(variables.spellings) == 0
? (size(variables.container.?envFrom.orValue([])) > 0 ? ${literal(reasons.left)}
: ${isBefore('variables.version', 17)} ? ${builtIn} : ${literal(reasons.left)})
: variables.isElsewhere ? ${literal(reasons.unknown)}
: variables.lower == "auto" && !(${isBefore('variables.version', 12)}) ? ${literal(reasons.left)}
: !(variables.lower in ["legacy", "nft"]) ? ${literal(reasons.invalid)}
: size(variables.spellings) > 1 ? ${literal(reasons.repeated)}
${wanted === undefined ? '' : `: variables.lower != ${literal(wanted.toLowerCase())} ? ${literal(reasons.differs)}\n`}: ""`
}

/** Rules are programmed by other means: by nftables, which releases before v3.29 do not know, or by VPP. */
function isMoot(env: Cel, version: Cel): Cel {
  return `${lastOf(env, 'felix_useinternaldataplanedriver')} == "false"
|| (${lastOf(env, 'felix_nftablesmode')} == "enabled" && !(${isBefore(version, 29)}))`
}

/** The last value of a variable in lower case, or empty. */
function lastOf(env: Cel, name: string): Cel {
  return `([""] + ${env}.filter(e, e.name.lowerAscii() == ${literal(name)}).map(e, e.?value.orValue("").lowerAscii()))
[size(${env}.filter(e, e.name.lowerAscii() == ${literal(name)}))]`
}

/** Major and minor number as texts, or one empty text; see `felixVersionOf`. */
function versionOf(container: Cel): Cel {
  return `${container}.?image.orValue("").find(${pattern(felixTag)}).find("[0-9]{1,3}[.][0-9]{1,4}").split(".")`
}

/** The version is known, and before v3.MINOR. */
function isBefore(version: Cel, minor: number): Cel {
  return `size(${version}) == 2 && (int(${version}[0]) < 3 || (int(${version}[0]) == 3 && int(${version}[1]) < ${minor}))`
}
