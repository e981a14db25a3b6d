import { isInNoNamespace } from '../kubernetes/workloads.ts'
import type { ListFailure } from '../ports/objects.ts'
import { objectKey } from '../report/object-name.ts'
import type { ObjectName } from '../report/validate-report.ts'

/** Objects kept per rule that it could not check; when there are more, the rule counts as not checked anywhere. Own choice. */
export const mostUnchecked = 10_000

type Named = Omit<ObjectName, 'apiVersion'> & Partial<ObjectName>

/** What an audit could check. A finding that is gone is fixed only if this audit checked that object with that rule. */
export class Coverage {
  /** Kinds that could not be read. */
  readonly #unread = new Set<string>()
  /** By rule, the keys of the objects it was skipped or failed on, as findings name them; undefined: too many. */
  readonly #unchecked = new Map<string, Set<string> | undefined>()
  /** Rules that look at what nodes report, and not at how an object is written. */
  readonly #readingRules: ReadonlySet<string>
  /** Something was not read, and it is not known what: any object may be concerned. */
  #isBlind = false
  /** Only the threads of pods are known (a snapshot), not their specs. */
  #lacksSpecs = false

  constructor(readingRules: Iterable<string>) {
    this.#readingRules = new Set(readingRules)
  }

  markUnread({ kind, reason }: Pick<ListFailure, 'kind' | 'reason'>): void {
    if (kind !== undefined) this.#unread.add(kind)
    else if (reason === 'not-in-snapshot') this.#lacksSpecs = true
    else this.#isBlind = true
  }

  /** An object is not what its kind says. Its owner and its findings are unknown, so no finding counts as fixed. */
  markMalformed(): void {
    this.#isBlind = true
  }

  /** `owner`: the object that findings of this rule are reported for. */
  markUnchecked(ruleId: string, owner: Named): void {
    const held = this.#unchecked.has(ruleId) ? this.#unchecked.get(ruleId) : new Set<string>()
    this.#unchecked.set(ruleId, held)
    held?.add(objectKey(owner))
    if (held !== undefined && held.size > mostUnchecked) this.#unchecked.set(ruleId, undefined)
  }

  /** Whether these rules checked the object: only then does the absence of a finding mean that nothing is wrong. */
  covers(object: Named, rules: readonly string[]): boolean {
    if (this.#isBlind || neededFor(object.kind).some((kind) => this.#unread.has(kind))) return false
    const key = objectKey(object)
    return rules.every((rule) => this.#wasChecked(rule, key) && this.#read(rule, object.kind))
  }

  #wasChecked(rule: string, key: string): boolean {
    if (!this.#unchecked.has(rule)) return true
    const held = this.#unchecked.get(rule)
    return held !== undefined && !held.has(key)
  }

  #read(rule: string, kind: string): boolean {
    return !this.#lacksSpecs || isInNoNamespace(kind) || this.#readingRules.has(rule)
  }
}

/** Kinds that must be read to check an object: a workload needs its pods and the labels of its namespace. */
function neededFor(kind: string): readonly string[] {
  return isInNoNamespace(kind) ? [kind] : [kind, 'Pod', 'Namespace']
}
