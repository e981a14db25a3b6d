// Reads: the environment of Felix' container in DaemonSets that run Felix, at every write, and all FelixConfigurations.  Fine: Felix is told the policy's backend.
import { defineRule, type RuleContext } from '../engine/rule.ts'
import { backendBefore, forgetBackend } from '../kubernetes/calico/before-fallback.ts'
import {
  type Backend,
  type BackendEnv,
  backendOf,
  backendVariable,
  felixContainerOf,
  isOperatorManaged,
  otherFelixOf,
  someFelixOf,
  specOf
} from '../kubernetes/calico/felix.ts'
import { type FelixBackend, felixBackendOf, meaningText } from '../kubernetes/calico/felix-backend.ts'
import { manifestNotes } from '../kubernetes/calico/manifest-notes.ts'
import { wouldRestart } from '../kubernetes/calico/would-restart.ts'
import { writeBackend } from '../kubernetes/calico/write-backend.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { daemonSet } from '../kubernetes/workloads.ts'
import { quoted } from '../lib/clip-text.ts'
import type { Draft } from '../lib/json/patch.ts'
import type { Finding } from '../model/finding.ts'

type Context = RuleContext<never, 'felixConfigurations' | 'kubeProxyMode'>

export const calicoIptablesBackend = defineRule<Subject, never, 'felixConfigurations' | 'kubeProxyMode'>({
  id: 'calico-iptables-backend',
  title: 'Calico iptables backend',
  why: 'Left to itself, Felix guesses the iptables backend once, at start, by counting rules. On a node without free PIDs the commands it counts with cannot be started, zero rules are found, and Felix settles on legacy: every pod created afterwards has no network, even when the PIDs are back.',
  remedy:
    'Set FELIX_IPTABLESBACKEND of container calico-node to what the nodes use, Legacy or NFT. Where the policy names the backend in spec.calico.iptablesBackend, pidguard sets it; where an operator owns the DaemonSet, set spec.iptablesBackend of the FelixConfiguration named default. Where a node used the other backend before, drain and reboot it: releases up to v3.32 leave the old rules in place.',
  limits:
    'It does not find out which backend a node uses: `iptables --version` there prints (legacy) or (nf_tables). A variable on the DaemonSet overrides every FelixConfiguration, also those per node: where one of these names another backend, the variable is not written, and the finding says so. FelixConfigurations are known to the webhook, to audits, and to `validate` where they are among the files; those in a separate etcd of Calico are not. Nothing is found where the backend decides nothing: with `nftablesMode: Enabled`, with Auto where kube-proxy is known to use nftables (audits), and with VPP.',
  defaultMode: 'enforce',
  scope: 'cluster',
  kinds: [daemonSet],
  requiredFacts: [],
  optionalFacts: ['felixConfigurations', 'kubeProxyMode'],
  includesControlled: true,
  everyWrite: true,
  reads: (subject) => (someFelixOf(subject) === undefined ? [] : [specOf(subject)?.['template']]),
  check(subject, context) {
    const felix = felixContainerOf(subject)
    if (felix === undefined) return elsewhere(subject, context)
    const told = felixBackendOf(felix, context.felixConfigurations, context.kubeProxyMode)
    const wanted = context.settings.calico.iptablesBackend
    const problem = problemOf(told, wanted)
    if (problem === undefined) return lookalikeOf(told.env, felix.at)
    const last = told.env.entries.at(-1)
    const isOwned = isOperatorManaged(subject)
    const ofNode = isOwned ? undefined : contradicting(told, wanted)
    const said = wanted === undefined || problem.isPolicySaid ? '' : `, the policy says ${wanted}`
    const more =
      ofNode === undefined
        ? ''
        : `; FelixConfiguration ${shown(ofNode.name)} says ${shown(ofNode.iptablesBackend ?? '')}`
    return [
      {
        pointer: last === undefined ? `${felix.at}/env` : `${felix.at}/env/${last.index}`,
        reason: problem.reason,
        detail: `${problem.detail}${said}${more}${hintOf(told.env)}`,
        advisory: problem.advisory || isOwned || ofNode !== undefined,
        ...(isOwned ? { remedy: operatorRemedy } : ofNode === undefined ? undefined : { remedy: mixedRemedy })
      }
    ]
  },
  fixes: (subject) => felixContainerOf(subject) !== undefined,
  notes(subject, { settings, felixConfigurations }) {
    const wanted = settings.calico.iptablesBackend
    const felix = felixContainerOf(subject)
    if (wanted === undefined || felix === undefined) return []
    const told = felixBackendOf(felix, felixConfigurations)
    if (contradicting(told, wanted) !== undefined) return []
    const { env } = told
    const also =
      felixConfigurations === undefined ? ['Felix then ignores the backend in FelixConfigurations of single nodes'] : []
    const found = env.entries.length === 0 ? 'not set' : env.value === undefined ? 'set elsewhere' : shown(env.value)
    const before = backendBefore(subject) ?? found
    return [
      `calico-iptables-backend: ${backendVariable} set to ${wanted}, as the policy says (it was ${before})`,
      ...also,
      ...manifestNotes(subject)
    ]
  },
  fix
})

/**
 * Felix in a container of another name is warned about and never changed: it is not certain which program reads the
 * variable.
 */
function elsewhere(subject: Subject, { settings, felixConfigurations, kubeProxyMode }: Context): Finding[] {
  const felix = otherFelixOf(subject)
  if (felix === undefined) return []
  const { source, meaning, moot } = felixBackendOf(felix, felixConfigurations, kubeProxyMode)
  const wanted = settings.calico.iptablesBackend
  const isSaid = source !== 'built-in' && (meaning === 'Legacy' || meaning === 'NFT')
  if (moot !== undefined || (isSaid && (wanted === undefined || meaning === wanted))) return []
  return [
    {
      pointer: `${felix.at}/env`,
      reason: 'Felix in a container of another name',
      detail: `container ${shown(felix.container.name)} runs Felix, and ${backendVariable} is not set to ${wanted ?? 'Legacy or NFT'}`,
      advisory: true,
      remedy: `Set ${backendVariable} of that container to ${wanted ?? 'what the nodes use, Legacy or NFT'}, where it runs Felix.`
    }
  ]
}

/** The operator undoes what others write into its DaemonSet. */
const operatorRemedy =
  'Set spec.iptablesBackend of the FelixConfiguration named default to what the nodes use, Legacy or NFT. The operator that owns this DaemonSet takes a variable away again.'

const mixedRemedy =
  'No single value fits these nodes: leave FELIX_IPTABLESBACKEND unset, and set spec.iptablesBackend in FelixConfigurations. Set it in the one named default for most nodes, in node.NAME for others; or remove those per node, then pidguard sets the variable.'

/** A FelixConfiguration of some nodes that names another backend than the policy: the variable would switch it off. */
function contradicting(
  { ofNodes }: FelixBackend,
  wanted: Backend | undefined
): FelixBackend['ofNodes'][number] | undefined {
  if (wanted === undefined) return undefined
  return ofNodes.find(({ iptablesBackend = '' }) => backendOf(iptablesBackend) !== wanted)
}

interface Problem {
  readonly reason: string
  readonly detail: string
  /** The policy names no backend, so which value would be right is not known. */
  readonly advisory: boolean
  /** The detail names the policy's value already. */
  readonly isPolicySaid?: boolean
}

const left = 'iptables backend left to detection'
const differs = 'iptables backend differs from the policy'

function problemOf(told: FelixBackend, wanted: Backend | undefined): Problem | undefined {
  if (told.moot !== undefined) return undefined
  return told.env.entries.length === 0 ? unsetProblem(told, wanted) : setProblem(told, wanted)
}

/** Where the variable is not set, FelixConfiguration decides, or else the built-in value of the release. */
function unsetProblem(told: FelixBackend, wanted: Backend | undefined): Problem | undefined {
  const { env, source, said = '', meaning, habits } = told
  const advisory = wanted === undefined
  if (env.hasEnvFrom)
    return { reason: left, detail: `${backendVariable} is not in env, and envFrom is not known here`, advisory }
  const unset = `${backendVariable} is not set`
  if (source === 'default') {
    const base = `${unset}, FelixConfiguration default says ${shown(said)}`
    if (meaning === 'Legacy' || meaning === 'NFT')
      return wanted === undefined || wanted === meaning ? undefined : { reason: differs, detail: base, advisory: false }
    return { reason: left, detail: base, advisory }
  }
  if (habits.builtIn === 'Legacy') {
    if (wanted === undefined || wanted === 'Legacy') return undefined
    return { reason: differs, detail: `${unset}, which means Legacy up to Calico v3.16`, advisory: false }
  }
  const unless = told.mayBeMoot ? unlessNftables : ''
  return { reason: left, detail: `${unset}${unless}`, advisory }
}

/** nftablesMode is Auto, and the mode of kube-proxy is not known here. */
const unlessNftables = '; it decides nothing where kube-proxy uses nftables, as nftablesMode is Auto'

function setProblem({ env, meaning, habits }: FelixBackend, wanted: Backend | undefined): Problem | undefined {
  const advisory = wanted === undefined
  const count = env.entries.length
  if (env.value === undefined || meaning === undefined) {
    return {
      reason: 'iptables backend not known',
      detail: `${backendVariable} comes from elsewhere, by valueFrom or $( )`,
      advisory
    }
  }
  const said = `${backendVariable}=${shown(env.value)}`
  if (meaning !== 'Legacy' && meaning !== 'NFT') {
    return {
      reason: meaning === 'detection' ? left : 'iptables backend not valid',
      detail: `${said} means ${meaningText(meaning, habits)}`,
      // Both are words of Felix, and may be meant. Any other value is a slip, whichever backend is the right one.
      advisory: advisory && meaning !== 'invalid'
    }
  }
  if (count > 1) {
    return {
      reason: 'iptables backend set more than once',
      detail: `${backendVariable} is in env ${count} times, the last says ${shown(env.value)}`,
      advisory
    }
  }
  if (wanted !== undefined && meaning !== wanted) return { reason: differs, detail: said, advisory: false }
  return undefined
}

/** Harmless beside the right variable, but it misleads the next person who edits it. */
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

/** Enough of a value to recognise it. */
function shown(value: string): string {
  return quoted(value, 40)
}

function fix(subject: Subject, draft: Draft, { settings, felixConfigurations, kubeProxyMode }: Context): void {
  const wanted = settings.calico.iptablesBackend
  const felix = felixContainerOf(subject)
  if (wanted === undefined || felix === undefined) return
  if (isOperatorManaged(subject) && settings.calico.operatorManaged !== 'mutate') return
  const told = felixBackendOf(felix, felixConfigurations, kubeProxyMode)
  const { env } = told
  const isMixed = contradicting(told, wanted) !== undefined
  forgetBackend(subject, draft, felix, { env, isUndone: isMixed })
  if (isMixed || problemOf(told, wanted) === undefined) return
  if (wouldRestart(subject)) return
  writeBackend(draft, felix, env, wanted)
}
