import { admission } from '../kubernetes/annotations.ts'
import { globMatches } from '../kubernetes/label-selector.ts'
import { isSame } from '../lib/json/deep-equal.ts'
import { type Mode, modes } from '../model/finding.ts'
import { coversRule } from './exemptions.ts'
import { applies } from './namespace-match.ts'
import { isTuned, mayTune, tune } from './namespace-tuning.ts'
import type { BaseSettings, Exemption, Override, Policy } from './policy.ts'
import type { NamespaceFacts, NamespaceLookup, RuleInfo, Settings } from './settings.ts'

/** Namespaces whose settings are remembered; a cluster has at most 10,000 (the limit that Kubernetes tests, SIG Scalability). */
const maxRemembered = 20_000

const none: readonly Exemption[] = []

/** No namespace is known. */
export const noNamespaces: NamespaceLookup = { get: () => undefined }

/** The settings of each namespace under one policy. A new policy takes a new resolver. */
export class PolicyResolver {
  readonly policy: Policy
  readonly #podRules: readonly string[]
  readonly #base: Settings
  readonly #remembered = new Map<string, { readonly facts: NamespaceFacts | undefined; readonly settings: Settings }>()
  /** Settings that any number of namespaces share: of each override or the base, within system namespaces or not. */
  readonly #shared = new Map<BaseSettings, { readonly system: Settings; readonly others: Settings }>()

  /** Exemptions by the rule they keep away; most rules have none, and a review asks for each. */
  readonly #exemptions: ReadonlyMap<string, readonly Exemption[]>

  constructor(policy: Policy, rules: readonly RuleInfo[]) {
    this.policy = policy
    this.#exemptions = new Map(
      rules.map(({ id }) => [id, policy.exemptions.filter((exemption) => coversRule(exemption, id))])
    )
    this.#podRules = rules.filter((rule) => rule.scope === 'pods').map((rule) => rule.id)
    this.#base = this.#sharedOf(policy.base, false)
  }

  /**
   * The settings that hold in a namespace; those of the base for '', which is where cluster-scoped objects are.
   * The same object for the same name and facts, until many other namespaces were asked for.
   */
  settingsFor(namespace: string, facts: NamespaceFacts | undefined): Settings {
    if (namespace === '') return this.#base
    const held = this.#remembered.get(namespace)
    if (held !== undefined && held.facts === facts) return held.settings
    const settings = this.#resolve(namespace, facts)
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear()
    this.#remembered.set(namespace, { facts, settings })
    return settings
  }

  /** The exemptions that name a rule, expired ones too. */
  exemptionsOf(ruleId: string): readonly Exemption[] {
    return this.#exemptions.get(ruleId) ?? none
  }

  #resolve(namespace: string, facts: NamespaceFacts | undefined): Settings {
    // The selectors of the webhooks keep such pods away. Objects that arrive anyway, such as DaemonSets, are treated alike.
    const system =
      facts?.labels[admission] === 'ignore' ||
      this.policy.systemNamespaces.some((pattern) => globMatches(pattern, namespace))
    const { certain, possible } = this.#candidates(namespace, facts)
    const notes = [...notesOf(possible), ...unknownTuning(this.policy, facts)]
    if (possible.length === 0 && notes.length === 0 && !isTuned(facts?.annotations ?? {})) {
      return this.#sharedOf(certain, system)
    }
    const mildest = possible.reduce((settings, override) => withMildest(settings, override.settings), certain)
    const tuned = tune(mildest, this.policy.tuning, facts?.annotations ?? {})
    return this.#settle(tuned.settings, system, [...notes, ...tuned.notes])
  }

  /** The settings that hold for certain, and the overrides before them that may hold. */
  #candidates(namespace: string, facts: NamespaceFacts | undefined): { certain: BaseSettings; possible: Override[] } {
    const possible: Override[] = []
    for (const override of this.policy.overrides) {
      const verdict = applies(override.namespaces, namespace, facts?.labels)
      if (verdict === 'yes') return { certain: override.settings, possible }
      if (verdict === 'maybe') possible.push(override)
    }
    return { certain: this.policy.base, possible }
  }

  #sharedOf(settings: BaseSettings, system: boolean): Settings {
    let pair = this.#shared.get(settings)
    if (pair === undefined) {
      pair = { system: this.#settle(settings, true, []), others: this.#settle(settings, false, []) }
      this.#shared.set(settings, pair)
    }
    return system ? pair.system : pair.others
  }

  #settle(settings: BaseSettings, system: boolean, notes: readonly string[]): Settings {
    const modes = system ? withOff(settings.modes, this.#podRules) : settings.modes
    const bestEffortPods = injects({ ...settings, modes }) ? 'inject' : 'reject'
    return {
      ...settings,
      modes,
      requests: { ...settings.requests, bestEffortPods },
      notes
    }
  }
}

/** Rule by rule the milder of both modes. A rule that would measure against other values only warns. */
function withMildest(settings: BaseSettings, other: BaseSettings): BaseSettings {
  const milder = new Map(settings.modes)
  for (const [id, mode] of other.modes) milder.set(id, milderOf(mode, settings.modes.get(id) ?? mode))
  const doubtful = [
    ...(injects(settings) === injects(other) ? [] : ['best-effort']),
    ...(isSame(measuresOf(settings), measuresOf(other)) ? [] : headroomRules)
  ]
  for (const id of doubtful) milder.set(id, milderOf(milder.get(id) ?? 'warn', 'warn'))
  return { ...settings, modes: milder }
}

const headroomRules = ['pid-headroom', 'pid-binding', 'namespace-pid-budget']

function measuresOf({ pids, headroom }: BaseSettings): object {
  const { floor, maxAge, claimShare, budget, urgentPriority } = headroom
  return { pids, floor, maxAge, claimShare, budget, urgentPriority }
}

/**
 * Whether pods without any request are given one. In other modes than enforce nothing is written, and `inject` would only
 * let such pods through.
 */
function injects({ requests, modes }: BaseSettings): boolean {
  return requests.bestEffortPods === 'inject' && modes.get('resource-requests') === 'enforce'
}

function milderOf(a: Mode, b: Mode): Mode {
  return modes.indexOf(a) < modes.indexOf(b) ? a : b
}

function withOff(modes: Settings['modes'], ids: readonly string[]): Settings['modes'] {
  const changed = new Map(modes)
  for (const id of ids) changed.set(id, 'off')
  return changed
}

function notesOf(possible: readonly Override[]): string[] {
  return possible.map(
    ({ name }) => `override ${name} may apply: the labels of the namespace are not known, so the milder modes hold`
  )
}

function unknownTuning({ tuning }: Policy, facts: NamespaceFacts | undefined): string[] {
  if (facts !== undefined || !mayTune(tuning)) return []
  return ['annotations of the namespace are not known, so its own tuning is left out']
}
