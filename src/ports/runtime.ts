import type { Millis } from '../lib/units.ts'
import type { Mode } from '../model/finding.ts'
import type { ReviewResult, RuleOutcome, Webhook } from '../model/review-outcome.ts'

export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  now(): Millis
  /** Milliseconds since some moment; never jumps. For spans. */
  monotonic(): Millis
}

/** Structured log: fields first, then a constant message. pino fits. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** Whether a line of this level would be written; where not, its fields need not be collected. */
  isLevelEnabled?(level: string): boolean
}

/** Counts what happens. All labels come from closed sets. */
export interface Meter {
  countReview(webhook: Webhook, result: ReviewResult, seconds: number): void
  countOutcome(ruleId: string, mode: Mode, outcome: RuleOutcome): void
}

/** Shows a waiting user how far a long read has come. */
export interface Progress {
  /** `done` items of this part are read; `total` is undefined while it is unknown. */
  step(part: string, done: number, total: number | undefined): void
}
