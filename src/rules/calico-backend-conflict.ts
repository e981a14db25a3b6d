// Reads: the environment of Felix' container, and all FelixConfigurations.  Fine: they agree, and do not undo each other.
import { defineRule } from '../engine/rule.ts'
import {
  backendEnvOf,
  backendVariable,
  type FelixSettings,
  felixContainerOf,
  felixValueOf,
  meaningOf
} from '../kubernetes/felix.ts'
import type { Subject } from '../kubernetes/subject.ts'
import type { Container } from '../kubernetes/types.ts'
import { daemonSet } from '../kubernetes/workloads.ts'

export const calicoBackendConflict = defineRule<Subject, never, 'felixConfigurations'>({
  id: 'calico-backend-conflict',
  title: 'Calico backend said twice',
  why: 'Felix takes its backend from the environment first, then from the FelixConfiguration of its node, then from the one named default; and nftablesMode, since v3.29, makes all of them moot. Where they disagree, whoever reads one of them is wrong about what programs the rules, as in incident 004, where rules of two backends were mixed.',
  remedy:
    'Keep the backend in one place, and remove it from the others. The environment of calico-node wins over every FelixConfiguration, also those per node.',
  limits: 'It does not see what a node really uses: `iptables --version` there prints (legacy) or (nf_tables).',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [daemonSet],
  needs: [],
  wants: ['felixConfigurations'],
  controlled: true,
  reads: () => [],
  check(subject, { felixConfigurations }) {
    const felix = felixContainerOf(subject)
    if (felix === undefined || felixConfigurations === undefined) return []
    const env = backendEnvOf(felix.container, felix.at)
    const last = env.entries.at(-1)
    const conflicts = conflictsOf(env.value, last !== undefined, felix.container, felixConfigurations)
    if (conflicts.length === 0) return []
    return [
      {
        pointer: last === undefined ? `${felix.at}/env` : `${felix.at}/env/${last.index}`,
        reason: 'the backend is said in several ways',
        detail: conflicts.join('; ')
      }
    ]
  },
  lacks(subject, { felixConfigurations }) {
    const felix = felixContainerOf(subject)
    if (felix === undefined) return undefined
    if (felixConfigurations === undefined) return 'FelixConfigurations not known'
    const { entries, value } = backendEnvOf(felix.container, felix.at)
    return entries.length > 0 && value === undefined ? 'environment of Felix not known' : undefined
  }
})

function conflictsOf(
  value: string | undefined,
  isSet: boolean,
  container: Container,
  configurations: readonly FelixSettings[]
): string[] {
  const base = configurations.find(({ name }) => name === 'default')
  const others = configurations.filter(
    ({ name, iptablesBackend }) => name !== 'default' && iptablesBackend !== undefined
  )
  const conflicts: string[] = []
  if (
    value !== undefined &&
    base?.iptablesBackend !== undefined &&
    meaningOf(value) !== meaningOf(base.iptablesBackend)
  ) {
    conflicts.push(
      `${backendVariable} (${shown(value)}) wins over FelixConfiguration default (${shown(base.iptablesBackend)})`
    )
  }
  if (isSet && others.length > 0) {
    const more = others.length > 1 ? ` and ${others.length - 1} more` : ''
    conflicts.push(
      `${backendVariable} switches off what FelixConfiguration ${shown(others[0]?.name ?? '')}${more} says`
    )
  }
  const mode = felixValueOf(container, 'nftablesmode') ?? base?.nftablesMode
  const backend = isSet ? value : base?.iptablesBackend
  if (mode?.toLowerCase() === 'enabled' && backend?.toLowerCase() === 'legacy') {
    conflicts.push('nftablesMode is Enabled, so Legacy is only used to clean up')
  }
  return conflicts
}

/** Enough of a value to recognise it by. */
function shown(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value)
}
