import type { ListFailure } from '../ports/objects.ts'
import { objectKey } from '../report/audit/policy-report.ts'
import type { ObjectName } from '../report/validate-report.ts'

/** Objects kept of one rule that could not be judged there; of more it is taken that it was nowhere. Own choice. */
export const mostUnjudged = 10_000

type Named = Pick<ObjectName, 'kind' | 'namespace' | 'name'>

/** What an audit could look at: that a finding is not there any more only means something where it was looked for. */
export class Sight {
  /** Kinds that could not be read. */
  readonly #unread = new Set<string>()
  /** By rule the keys of the objects it was skipped or failed on, as findings name them; undefined: too many. */
  readonly #unjudged = new Map<string, Set<string> | undefined>()
  /** Rules that look at what nodes tell, and not at how an object is written. */
  readonly #readingRules: ReadonlySet<string>
  /** Something was not read, and nobody knows what. */
  #isBlind = false
  /** Of pods only their threads are known. */
  #lacksSpecs = false

  constructor(readingRules: Iterable<string>) {
    this.#readingRules = new Set(readingRules)
  }

  missKind({ kind, reason }: Pick<ListFailure, 'kind' | 'reason'>): void {
    if (kind !== undefined) this.#unread.add(kind)
    else if (reason === 'not-in-snapshot') this.#lacksSpecs = true
    else this.#isBlind = true
  }

  /** An object that is not what its kind says: whose it is, and what it would have broken, cannot be told. */
  missObject(): void {
    this.#isBlind = true
  }

  /** `owner`: the object that the findings of this rule would stand under. */
  missRule(ruleId: string, owner: Named): void {
    const held = this.#unjudged.has(ruleId) ? this.#unjudged.get(ruleId) : new Set<string>()
    this.#unjudged.set(ruleId, held)
    held?.add(objectKey(owner))
    if (held !== undefined && held.size > mostUnjudged) this.#unjudged.set(ruleId, undefined)
  }

  /** Whether nothing being found now in an object means that nothing is wrong there, for these rules. */
  sees(object: Named, rules: readonly string[]): boolean {
    if (this.#isBlind || neededFor(object.kind).some((kind) => this.#unread.has(kind))) return false
    const key = objectKey(object)
    return rules.every((rule) => this.#judged(rule, key) && this.#read(rule, object.kind))
  }

  #judged(rule: string, key: string): boolean {
    if (!this.#unjudged.has(rule)) return true
    const held = this.#unjudged.get(rule)
    return held !== undefined && !held.has(key)
  }

  #read(rule: string, kind: string): boolean {
    return !this.#lacksSpecs || clusterScoped.has(kind) || this.#readingRules.has(rule)
  }
}

const clusterScoped: ReadonlySet<string> = new Set(['Node', 'FelixConfiguration'])

/** A workload is judged by its pods too, and by the labels of its namespace. */
function neededFor(kind: string): readonly string[] {
  return clusterScoped.has(kind) ? [kind] : [kind, 'Pod', 'Namespace']
}
