// Reads: the environment of Felix' container, and all FelixConfigurations.  Fine: they agree, and do not undo each other.
import { defineRule } from '../engine/rule.ts'
import { backendVariable, type FelixSettings, felixValueOf, someFelixOf, specOf } from '../kubernetes/calico/felix.ts'
import { type FelixBackend, felixBackendOf, meaningOf } from '../kubernetes/calico/felix-backend.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { daemonSet } from '../kubernetes/workloads.ts'
import { quoted } from '../lib/clip-text.ts'

const modeVariable = 'FELIX_NFTABLESMODE'

export const calicoBackendConflict = defineRule<Subject, never, 'felixConfigurations'>({
  id: 'calico-backend-conflict',
  title: 'Calico backend said twice',
  why: 'Felix takes its backend from the environment first, then from the FelixConfiguration of its node, then from the one named default; nftablesMode, since v3.29, goes before all of them and has the same order. Where they disagree, a person who reads one of them is wrong about what programs the rules, and a node that changes over keeps the rules of both: new pods there have no network.',
  remedy:
    'Keep the backend in one place, and remove it from the others. The environment of calico-node wins over every FelixConfiguration, also those per node.',
  limits:
    'It does not see what a node really uses: `iptables --version` there prints (legacy) or (nf_tables). FelixConfigurations are known to the webhook, to audits, and to `validate` where they are among the files.',
  defaultMode: 'warn',
  scope: 'cluster',
  kinds: [daemonSet],
  requiredFacts: [],
  optionalFacts: ['felixConfigurations'],
  includesControlled: true,
  reads: (subject) => (someFelixOf(subject) === undefined ? [] : [specOf(subject)?.['template']]),
  check(subject, { felixConfigurations }) {
    const felix = someFelixOf(subject)
    if (felix === undefined || felixConfigurations === undefined) return []
    const told = felixBackendOf(felix, felixConfigurations)
    if (told.moot === 'VPP') return []
    const conflicts = [
      ...backendConflicts(told, felixConfigurations),
      ...modeConflicts(told, felixValueOf(felix.container, 'nftablesmode'), felixConfigurations)
    ]
    if (conflicts.length === 0) return []
    const last = told.env.entries.at(-1)
    return [
      {
        pointer: last === undefined ? `${felix.at}/env` : `${felix.at}/env/${last.index}`,
        reason: 'the backend is said in several ways',
        detail: conflicts.join('; '),
        advisory: true
      }
    ]
  },
  missingFact(subject, { felixConfigurations }) {
    const felix = someFelixOf(subject)
    if (felix === undefined) return undefined
    if (felixConfigurations === undefined) return 'FelixConfigurations not known'
    const { env } = felixBackendOf(felix, felixConfigurations)
    return env.entries.length > 0 && env.value === undefined ? 'environment of Felix not known' : undefined
  }
})

/** The variable against each FelixConfiguration that names a backend. */
function backendConflicts({ env, habits, ofNodes }: FelixBackend, configurations: readonly FelixSettings[]): string[] {
  if (env.entries.length === 0) return []
  const base = baseOf(configurations)?.iptablesBackend
  const isOverruled =
    env.value !== undefined && base !== undefined && meaningOf(env.value, habits) !== meaningOf(base, habits)
  return [
    ...(isOverruled
      ? [`${backendVariable} (${shown(env.value)}) wins over FelixConfiguration default (${shown(base)})`]
      : []),
    ...(ofNodes.length > 0 ? [`${backendVariable} switches off what FelixConfiguration ${namesOf(ofNodes)} says`] : [])
  ]
}

/** nftablesMode on each level, and a backend that it leaves without effect. */
function modeConflicts(
  { env, habits, moot, source, meaning }: FelixBackend,
  variable: string | undefined,
  configurations: readonly FelixSettings[]
): string[] {
  const base = baseOf(configurations)?.nftablesMode
  const isSaid = (mode: string | undefined): boolean => mode?.toLowerCase() === 'enabled'
  if (habits.nftablesMode === 'unknown to it') {
    const isIgnored = isSaid(variable) || configurations.some(({ nftablesMode }) => isSaid(nftablesMode))
    return isIgnored ? ['nftablesMode is Enabled, which Calico before v3.29 ignores'] : []
  }
  const ofNodes = configurations.filter(({ name, nftablesMode }) => name !== 'default' && nftablesMode !== undefined)
  const isOverruled = variable !== undefined && base !== undefined && variable.toLowerCase() !== base.toLowerCase()
  const isLegacy = (source === 'variable' || source === 'default') && meaning === 'Legacy'
  const cleaning = ofNodes.filter(
    ({ nftablesMode, iptablesBackend }) =>
      isSaid(nftablesMode) && (env.value ?? iptablesBackend)?.toLowerCase() === 'legacy'
  )
  return [
    ...(isOverruled
      ? [`${modeVariable} (${shown(variable)}) wins over FelixConfiguration default (${shown(base)})`]
      : []),
    ...(variable !== undefined && ofNodes.length > 0
      ? [`${modeVariable} switches off what FelixConfiguration ${namesOf(ofNodes)} says of nftablesMode`]
      : []),
    ...(moot === 'nftables' && isLegacy ? ['nftablesMode is Enabled, so Legacy is only used to clean up'] : []),
    ...(variable === undefined && cleaning.length > 0
      ? [`nftablesMode is Enabled in FelixConfiguration ${namesOf(cleaning)}, so Legacy is only used to clean up there`]
      : [])
  ]
}

function baseOf(configurations: readonly FelixSettings[]): FelixSettings | undefined {
  return configurations.find(({ name }) => name === 'default')
}

function namesOf(configurations: readonly FelixSettings[]): string {
  const more = configurations.length > 1 ? ` and ${configurations.length - 1} more` : ''
  return `${shown(configurations[0]?.name)}${more}`
}

/** Enough of a value to recognise it. */
function shown(value = ''): string {
  return quoted(value, 40)
}
