import type { HeadroomView } from '../headroom/headroom-view.ts'
import type { FelixDaemonSet } from '../kubernetes/calico/felix-backend.ts'
import type { FelixRevisions, FelixSettings } from '../kubernetes/felix.ts'
import type { PodSubject, Subject } from '../kubernetes/subject.ts'
import type { LimitRangeItem } from '../kubernetes/types.ts'
import type { GroupKind } from '../kubernetes/workloads.ts'
import type { Draft } from '../lib/json/patch.ts'
import type { Finding } from '../model/finding.ts'
import type { NodeState } from '../model/node-reading.ts'
import type { RuleInfo, Settings } from '../policy/settings.ts'

/** Everything rules may want to know beyond the object and the policy. A front passes what it has. */
export interface AllFacts {
  /** What the LimitRanges of the subject's namespace say, all of them; empty when there are none. */
  readonly limitRanges: readonly LimitRangeItem[]
  /** How many tasks fit on the nodes; given once nodes and pods have been read from the cluster. */
  readonly headroom: HeadroomView
  /** The node that the subject is, or that its pod runs on; with nothing known where it runs on none. Audits only. */
  readonly node: NodeState
  /** All FelixConfigurations; empty where there are none. */
  readonly felixConfigurations: readonly FelixSettings[]
  /** How each Felix DaemonSet sets its backend; empty where there are none. */
  readonly felixDaemonSets: readonly FelixDaemonSet[]
  /** Which revision each pod of a Felix DaemonSet runs. Audits only. */
  readonly felixRevisions: FelixRevisions
}

export type FactName = keyof AllFacts

/** What a rule sees: the settings of the namespace, the facts it needs, and those it can do without. */
export type RuleContext<Need extends FactName = never, Want extends FactName = never> = {
  readonly settings: Settings
  /** Whether the policy exempts the subject from another rule, whose work this one counts on. */
  isExempt(ruleId: string): boolean
} & Pick<AllFacts, Need> &
  Partial<Pick<AllFacts, Want>>

/** A rule as its file defines it: what it looks at, what it finds, and how it mends. It never says allow or deny. */
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
  readonly needs: readonly Need[]
  /** Facts the rule uses where they are known. */
  readonly wants?: readonly Want[]
  /** Looks at objects that a controller keeps in step with its own template; else those are judged at their Pods. */
  readonly controlled?: boolean
  /** What the rule looks at must go on when the rule itself fails: a fault never denies. */
  readonly failsOpen?: boolean
  /**
   * Looks at every UPDATE, also at one that leaves alone what it reads: it fixes what was stored out of policy whenever it is
   * written, and what it cannot fix it warns about and never denies.
   */
  readonly everyWrite?: boolean
  /** Whether these settings ask anything of the rule. Where they do not, it is not even skipped. */
  isAsked?(settings: Settings): boolean
  /**
   * The parts of the object the rule reads. An UPDATE that leaves all of them as they were is let through, so what was
   * stored before the rule came can still be labelled, scaled and deleted.
   */
  reads(subject: S): readonly unknown[]
  check(subject: S, context: RuleContext<Need, Want>): readonly Finding[]
  /**
   * Asked where `check` found nothing: what is not known that could have been a finding, in constant words. The rule is
   * then skipped, for skipped is not passed. undefined: nothing.
   */
  lacks?(subject: S, context: RuleContext<Need, Want>): string | undefined
  /** Mends the object in the draft; clears the rule's own findings and changes nothing the second time. */
  fix?(subject: S, draft: Draft, context: RuleContext<Need, Want>): void
  /** What the author of the object is warned of where `fix` changes it: what, why, and what follows. Asked before `fix`. */
  notes?(subject: S, context: RuleContext<Need, Want>): readonly string[]
  /** Whether `fix` is for this subject; pod rules mend Pods at creation and never templates. */
  fixes?(subject: S): boolean
}

/** A rule as the engine holds it: any subject, any facts. The index only hands it what it asked for. */
export interface Rule extends RuleInfo {
  readonly title: string
  readonly why: string
  readonly remedy: string
  readonly limits?: string
  readonly kinds: readonly GroupKind[]
  readonly subresources: readonly string[]
  readonly needs: readonly FactName[]
  readonly wants: readonly FactName[]
  readonly controlled: boolean
  readonly failsOpen: boolean
  readonly everyWrite: boolean
  isAsked(settings: Settings): boolean
  reads(subject: Subject): readonly unknown[]
  check(subject: Subject, context: RuleContext<FactName>): readonly Finding[]
  lacks(subject: Subject, context: RuleContext<FactName>): string | undefined
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

/** Defines a rule; `kinds`, `needs` and `wants` decide what its functions are given. */
export function defineRule<S extends Subject, Need extends FactName = never, Want extends FactName = never>(
  definition: RuleDefinition<S, Need, Want>
): Rule {
  // Sound because the index looks rules up by kind, and the engine skips a rule whose needs are not met.
  const erased = definition as unknown as RuleDefinition<Subject, FactName, FactName>
  return {
    ...erased,
    subresources: erased.subresources ?? [],
    wants: erased.wants ?? [],
    controlled: erased.controlled ?? false,
    failsOpen: erased.failsOpen ?? false,
    everyWrite: erased.everyWrite ?? false,
    notes: erased.notes ?? (() => []),
    lacks: erased.lacks ?? (() => undefined),
    isAsked: erased.isAsked ?? (() => true),
    fix: erased.fix,
    fixes: erased.fixes ?? (() => erased.fix !== undefined)
  }
}
