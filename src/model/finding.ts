/** What the policy wants done about a rule's findings. Only `decide()` acts on it. */
export type Mode = 'enforce' | 'warn' | 'audit' | 'off'

/** From the mildest to the strictest. */
export const modes = ['off', 'audit', 'warn', 'enforce'] as const satisfies readonly Mode[]

/**
 * One thing wrong with one object.
 * `reason` is constant, so findings can be grouped and counted; `detail` holds the values; `pointer` says where.
 */
export interface Finding {
  /** JSON Pointer into the object; names the field that is wrong or missing. */
  readonly pointer: string
  readonly reason: string
  readonly detail: string
  /**
   * Reported but never denied: the rule lacks a fact to be sure, or a denial would help no one.
   * An enforcing rule warns about it.
   */
  readonly advisory?: boolean
  /** What to do, where it differs from the rule's own remedy; ends with a full stop. */
  readonly remedy?: string
  /** How bad it is among the findings of its rule, so that an audit can name the worst; more is worse. */
  readonly weight?: number
  /** The values in short, for the API server's audit log. */
  readonly audit?: string
  /** Everything the finding rests on, for our log; made when it is written. */
  readonly account?: () => readonly object[]
}

/** A finding with the rule that made it and what to do about it. */
export interface RuleFinding extends Finding {
  readonly ruleId: string
  readonly remedy: string
}

/** A rule that could not be checked, because a fact it needs is unknown. Skipped is not passed. */
export interface Skip {
  readonly ruleId: string
  readonly reason: string
}

/** A rule that threw. */
export interface Fault {
  readonly ruleId: string
  readonly error: unknown
  /** Never denies, in any mode: what the rule checks must go on when the rule itself fails. */
  readonly failsOpen?: boolean
}

/** A rule that did not run, because the policy exempts the object from it. */
export interface Exempted {
  readonly ruleId: string
  readonly reason: string
}

/** What the rules found in one object, before any mode is applied. */
export interface Verdict {
  readonly findings: readonly RuleFinding[]
  readonly skips: readonly Skip[]
  readonly faults: readonly Fault[]
  readonly exempted: readonly Exempted[]
}
