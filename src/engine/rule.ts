import type { HeadroomView } from '../headroom/headroom-view.ts'
import type { FelixRevisions, FelixSettings } from '../kubernetes/calico/felix.ts'
import type { FelixDaemonSet } from '../kubernetes/calico/felix-backend.ts'
import type { NodeRow } from '../kubernetes/calico/node-rows.ts'
import type { MinorVersion } from '../kubernetes/server-version.ts'
import type { PodSubject, Subject } from '../kubernetes/subject.ts'
import type { LimitRangeItem } from '../kubernetes/types.ts'
import type { GroupKind } from '../kubernetes/workloads.ts'
import type { Draft } from '../lib/json/patch.ts'
import type { Finding } from '../model/finding.ts'
import type { NodeState } from '../model/node-reading.ts'
import type { RuleInfo, Settings } from '../policy/settings.ts'

/** The facts that rules may use beyond the object and the policy. Each front passes those it has. */
export interface AllFacts {
  /** The version of the API server that stores the object. */
  readonly serverVersion: MinorVersion
  /** All items of all LimitRanges of the subject's namespace; empty when there are none. */
  readonly limitRanges: readonly LimitRangeItem[]
  /** What PodGroups among the inputs say of the number of pods, by `PodGroup.key`. Files only: caches put it into `headroom`. */
  readonly podGroupSizes: ReadonlyMap<string, number>
  /** How many tasks fit on the nodes; given once nodes and pods have been read from the cluster. */
  readonly headroom: HeadroomView
  /** The node that the subject is, or that its pod runs on; all unknown for a pod without a node. Audits only. */
  readonly node: NodeState
  /** All FelixConfigurations; empty where there are none. */
  readonly felixConfigurations: readonly FelixSettings[]
  /** How each Felix DaemonSet sets its backend; empty where there are none. */
  readonly felixDaemonSets: readonly FelixDaemonSet[]
  /** Which revision each pod of a Felix DaemonSet runs. Audits only. */
  readonly felixRevisions: FelixRevisions
  /** Of kube-proxy: `iptables`, `ipvs`, `nftables`. Audits only. */
  readonly kubeProxyMode: string
  /** What Felix is set to and was seen to use on the node that the subject is; given where there is Calico. Audits only. */
  readonly felixNode: NodeRow
}

export type FactName = keyof AllFacts

/** What a rule sees: the settings of the namespace, the facts it needs, and those it can do without. */
export type RuleContext<Need extends FactName = never, Want extends FactName = never> = {
  readonly settings: Settings
  /** Whether the policy exempts the subject from another rule that this one relies on. */
  isExempt(ruleId: string): boolean
} & Pick<AllFacts, Need> &
  Partial<Pick<AllFacts, Want>>

/** A rule as its file defines it: what it looks at, what it finds, and how it fixes it. It never allows or denies. */
export interface RuleDefinition<S extends Subject, Need extends FactName, Want extends FactName> extends RuleInfo {
  readonly title: string
  readonly why: string
  /** What to do about a finding; ends with a full stop. */
  readonly remedy: string
  /** What the rule does not do, for the documentation. */
  readonly limits?: string
  readonly kinds: readonly GroupKind[]
  /** Subresources looked at besides the object itself. */
  readonly subresources?: readonly string[]
  /** Facts without which the rule is skipped. */
  readonly requiredFacts: readonly Need[]
  /** Facts the rule uses where they are known. */
  readonly optionalFacts?: readonly Want[]
  /** Also applies to objects owned by a controller; without it those are checked at their Pods. */
  readonly includesControlled?: boolean
  /** Looks at what runs, so also at static pods and at pods that are being deleted. Rules of audits only. */
  readonly includesRunning?: boolean
  /** A fault of this rule never denies: what it checks must go on when the rule itself fails. */
  readonly failsOpen?: boolean
  /**
   * Looks at every UPDATE, also at one that leaves alone what it reads: it fixes what was stored out of policy whenever it is
   * written, and what it cannot fix it warns about and never denies.
   */
  readonly everyWrite?: boolean
  /** Whether these settings need the rule at all. Where they do not, it is not even reported as skipped. */
  isAsked?(settings: Settings): boolean
  /**
   * The parts of the object the rule reads. An UPDATE that leaves all of them as they were is let through, so what was
   * stored before the rule came can still be labelled, scaled and deleted.
   */
  reads(subject: S): readonly unknown[]
  check(subject: S, context: RuleContext<Need, Want>): readonly Finding[]
  /**
   * Called when `check` found nothing: names the unknown fact that could have made a finding, in constant words. The rule
   * is then reported as skipped, since skipped is not passed. undefined: nothing is missing.
   */
  missingFact?(subject: S, context: RuleContext<Need, Want>): string | undefined
  /** Fixes the object in the draft; clears the rule's own findings and changes nothing the second time. */
  fix?(subject: S, draft: Draft, context: RuleContext<Need, Want>): void
  /** What the author of the object is warned of where `fix` changes it: what, why, and what follows. Asked before `fix`. */
  notes?(subject: S, context: RuleContext<Need, Want>): readonly string[]
  /** Whether `fix` is for this subject; pod rules fix Pods at creation and never templates. */
  fixes?(subject: S): boolean
}

/** A rule as the engine holds it: any subject, any facts. The index passes it only subjects of its kinds. */
export interface Rule extends RuleInfo {
  readonly title: string
  readonly why: string
  readonly remedy: string
  readonly limits?: string
  readonly kinds: readonly GroupKind[]
  readonly subresources: readonly string[]
  readonly requiredFacts: readonly FactName[]
  readonly optionalFacts: readonly FactName[]
  readonly includesControlled: boolean
  readonly includesRunning: boolean
  readonly failsOpen: boolean
  readonly everyWrite: boolean
  isAsked(settings: Settings): boolean
  reads(subject: Subject): readonly unknown[]
  check(subject: Subject, context: RuleContext<FactName>): readonly Finding[]
  missingFact(subject: Subject, context: RuleContext<FactName>): string | undefined
  fix: ((subject: Subject, draft: Draft, context: RuleContext<FactName>) => void) | undefined
  notes(subject: Subject, context: RuleContext<FactName>): readonly string[]
  fixes(subject: Subject): boolean
}

/** Defines a rule over kinds that hold a pod. */
export function definePodRule<Need extends FactName = never, Want extends FactName = never>(
  definition: RuleDefinition<PodSubject, Need, Want>
): Rule {
  return defineRule(definition)
}

/** Defines a rule; `kinds`, `requiredFacts` and `optionalFacts` decide what its functions are given. */
export function defineRule<S extends Subject, Need extends FactName = never, Want extends FactName = never>(
  definition: RuleDefinition<S, Need, Want>
): Rule {
  // Sound because the index looks rules up by kind, and the engine skips a rule whose required facts are missing.
  const erased = definition as unknown as RuleDefinition<Subject, FactName, FactName>
  return {
    ...erased,
    subresources: erased.subresources ?? [],
    optionalFacts: erased.optionalFacts ?? [],
    includesControlled: erased.includesControlled === true,
    includesRunning: erased.includesRunning === true,
    failsOpen: erased.failsOpen === true,
    everyWrite: erased.everyWrite === true,
    notes: erased.notes ?? (() => []),
    missingFact: erased.missingFact ?? (() => undefined),
    isAsked: erased.isAsked ?? (() => true),
    fix: erased.fix,
    fixes: erased.fixes ?? (() => erased.fix !== undefined)
  }
}
