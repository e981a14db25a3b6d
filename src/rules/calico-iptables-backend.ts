// Reads: the environment of Felix' container in DaemonSets that run Felix, when the template changes.  Fine: one FELIX_IPTABLESBACKEND with the policy's value.
import { defineRule, type RuleContext } from '../engine/rule.ts'
import {
  type Backend,
  type BackendEnv,
  backendEnvOf,
  backendOf,
  backendVariable,
  felixContainerOf,
  isOperatorManaged,
  meaningOf,
  specOf
} from '../kubernetes/felix.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { daemonSet } from '../kubernetes/workloads.ts'
import type { Draft } from '../lib/json/patch.ts'
import type { Finding } from '../model/finding.ts'

export const calicoIptablesBackend = defineRule({
  id: 'calico-iptables-backend',
  title: 'Calico iptables backend',
  why: 'Left to itself, Felix guesses the iptables backend once, at start, by counting rules. On a node without free PIDs the commands it counts with cannot be started, zero rules are found, and Felix settles on legacy: every pod created afterwards has no network, even when the PIDs are back.',
  remedy:
    'Set FELIX_IPTABLESBACKEND of container calico-node to what the nodes use, Legacy or NFT. Where the policy names the backend in spec.calico.iptablesBackend, pidguard sets it; where an operator owns the DaemonSet, set spec.iptablesBackend of the FelixConfiguration named default.',
  limits:
    'It does not find out which backend a node uses: `iptables --version` there prints (legacy) or (nf_tables). A variable on the DaemonSet overrides every FelixConfiguration, also those per node, so clusters with mixed nodes should leave `spec.calico.iptablesBackend` unset and this rule off.',
  defaultMode: 'enforce',
  scope: 'cluster',
  kinds: [daemonSet],
  needs: [],
  controlled: true,
  // The whole template: a change restarts the pods anyway, and is the moment to mend what was there before pidguard.
  reads: (subject) => (felixContainerOf(subject) === undefined ? [] : [specOf(subject)?.['template']]),
  check(subject, { settings }) {
    const felix = felixContainerOf(subject)
    if (felix === undefined) return []
    const env = backendEnvOf(felix.container, felix.at)
    const wanted = settings.calico.iptablesBackend
    const problem = problemOf(env, wanted)
    if (problem === undefined) return lookalikeOf(env, felix.at)
    const last = env.entries.at(-1)
    const isOwned = isOperatorManaged(subject)
    return [
      {
        pointer: last === undefined ? `${felix.at}/env` : `${felix.at}/env/${last.index}`,
        reason: problem.reason,
        detail: `${problem.detail}${wanted === undefined ? '' : `, the policy says ${wanted}`}${hintOf(env)}`,
        advisory: problem.advisory || isOwned,
        ...(isOwned ? { remedy: operatorRemedy } : undefined)
      }
    ]
  },
  fixes: (subject) => felixContainerOf(subject) !== undefined,
  fix
})

/** The operator undoes what others write into its DaemonSet. */
const operatorRemedy =
  'Set spec.iptablesBackend of the FelixConfiguration named default to what the nodes use, Legacy or NFT. The operator that owns this DaemonSet takes a variable away again.'

interface Problem {
  readonly reason: string
  readonly detail: string
  /** The policy names no backend, so nobody can say which value would be right. */
  readonly advisory: boolean
}

function problemOf(env: BackendEnv, wanted: Backend | undefined): Problem | undefined {
  const advisory = wanted === undefined
  const count = env.entries.length
  if (count === 0) {
    const detail = env.hasEnvFrom
      ? `${backendVariable} is not in env, and envFrom is not known here`
      : `${backendVariable} is not set`
    return { reason: 'iptables backend left to detection', detail, advisory }
  }
  if (env.value === undefined) {
    return {
      reason: 'iptables backend not known',
      detail: `${backendVariable} comes from elsewhere, by valueFrom or $( )`,
      advisory
    }
  }
  const found = backendOf(env.value)
  const said = `${backendVariable}=${shown(env.value)}`
  if (found === undefined) {
    const meant = env.value.toLowerCase()
    return {
      reason: meant === 'auto' ? 'iptables backend left to detection' : 'iptables backend not valid',
      detail: `${said} means ${meaningOf(env.value)}`,
      // Both are words of Felix, and may be meant. Anything else is a slip, whatever the backend should be.
      advisory: advisory && (meant === 'auto' || meant === 'none')
    }
  }
  if (count > 1) {
    return {
      reason: 'iptables backend set more than once',
      detail: `${count} spellings of ${backendVariable}, the last says ${shown(env.value)}`,
      advisory
    }
  }
  if (wanted !== undefined && found !== wanted)
    return { reason: 'iptables backend differs from the policy', detail: said, advisory: false }
  return undefined
}

/** Harmless beside the right one, and a trap for whoever edits it one day. */
function lookalikeOf({ lookalike }: BackendEnv, at: string): Finding[] {
  if (lookalike === undefined) return []
  return [
    {
      pointer: `${at}/env/${lookalike.index}`,
      reason: 'no Felix parameter',
      detail: `${shown(lookalike.name)} is ignored, only ${backendVariable} counts`,
      advisory: true,
      remedy: `Remove the variable; ${backendVariable} says which backend Felix uses.`
    }
  ]
}

function hintOf(env: BackendEnv): string {
  return env.lookalike === undefined ? '' : `; ${shown(env.lookalike.name)} is no Felix parameter and is ignored`
}

/** Enough of a value to recognise it by. */
function shown(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value)
}

/** One entry with the policy's value, at the place of the first; the other spellings go, as any of them could win. */
function fix(subject: Subject, draft: Draft, { settings }: RuleContext): void {
  const wanted = settings.calico.iptablesBackend
  const felix = felixContainerOf(subject)
  if (wanted === undefined || felix === undefined) return
  if (isOperatorManaged(subject) && settings.calico.operatorManaged !== 'mutate') return
  const env = backendEnvOf(felix.container, felix.at)
  if (problemOf(env, wanted) === undefined) return
  const value = { name: backendVariable, value: wanted }
  const [first, ...others] = env.entries
  if (first === undefined) {
    draft.append(`${felix.at}/env`, value)
    return
  }
  if (others.length > maxRemovals) {
    const superfluous = new Set<unknown>(others.map(({ entry }) => entry))
    const kept = felix.container.env?.filter((entry) => !superfluous.has(entry))
    draft.set(
      `${felix.at}/env`,
      kept?.map((entry) => (entry === first.entry ? value : entry))
    )
    return
  }
  for (const { index } of others.reverse()) draft.remove(`${felix.at}/env/${index}`)
  draft.set(`${felix.at}/env/${first.index}`, value)
}

/** Spellings removed one by one, for a readable patch; with more, a patch of single removals would cost their square. */
const maxRemovals = 8
