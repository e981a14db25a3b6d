import { type Backend, backendLookalike, backendVariable } from '../../kubernetes/calico/felix.ts'
import { type Cel, literal, quoted, type Variable } from '../cel.ts'
import type { CelFinding, CelRule } from '../rule-policy.ts'
import { felixVariables, otherFelixVariable, wasSomeFelix } from './cel-felix.ts'
import { felixHabits, reasons } from './cel-felix-backend.ts'

/** src/rules/calico-iptables-backend.ts, the check. FelixConfigurations are not known. */
export const calicoIptablesBackend: CelRule = {
  id: 'calico-iptables-backend',
  reads: ({ calico }) => calico.iptablesBackend,
  checks: ({ calico: { iptablesBackend: wanted } }, remedy) => [
    {
      part: 'daemonsets',
      variables: [...felixVariables, wasSomeFelix, otherFelixVariable, ...felixHabits(wanted), ...ownVariables(wanted)],
      findings: [ofBackend(remedy), ofLookalike, ofOthers(wanted)]
    }
  ]
}

function ownVariables(wanted: Backend | undefined): Variable[] {
  const unnamed = wanted === undefined
  return [
    { name: 'isOld', expression: 'variables.wasSomeFelix && variables.isSameTemplate' },
    {
      name: 'isAdvisory',
      // Both are words of Felix, and may be meant. Anything else is a slip, whatever the backend should be.
      expression: `variables.isOperators || variables.isOld${unnamed ? ` || variables.problem != ${literal(reasons.invalid)} || variables.lower == "none"` : ''}`
    },
    {
      name: 'lookalike',
      expression: `variables.env.exists(e, e.name.lowerAscii() == ${literal(backendLookalike)})`
    }
  ]
}

const env: Cel = '"/spec/template/spec/containers/" + string(variables.index) + "/env"'

function ofBackend(remedy: string): CelFinding {
  return {
    when: 'variables.isFelix && variables.problem != ""',
    advisory: 'variables.isAdvisory',
    reason: 'variables.problem',
    detail: `size(variables.spellings) == 0 ? ${literal(`${backendVariable} is not set`)}
: variables.isElsewhere ? ${literal(`${backendVariable} comes from elsewhere, by valueFrom or $( )`)}
: ${literal(`${backendVariable}=`)} + ${quoted('variables.value', 40)}`,
    pointer: env,
    remedy
  }
}

const ofLookalike: CelFinding = {
  when: 'variables.isFelix && variables.problem == "" && variables.lookalike',
  advisory: 'true',
  reason: literal('no Felix parameter'),
  detail: literal(`${backendLookalike.toUpperCase()} is ignored, only ${backendVariable} counts`),
  pointer: env,
  remedy: `Remove the variable; ${backendVariable} says which backend Felix uses.`
}

const ofOthers = (wanted: Backend | undefined): CelFinding => ({
  when: `size(variables.others) > 0 && !variables.otherIsSaid`,
  advisory: 'true',
  reason: literal('Felix in a container of another name'),
  detail: `"container " + variables.others[0].name + ${literal(` runs Felix, and ${backendVariable} is not set to ${wanted ?? 'Legacy or NFT'}`)}`,
  pointer: literal('/spec/template/spec/containers'),
  remedy: `Set ${backendVariable} of that container to ${wanted ?? 'what the nodes use, Legacy or NFT'}, where it runs Felix.`
})
