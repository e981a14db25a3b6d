import type { Mode } from './model/finding.ts'
import type { Millis } from './model/units.ts'

/** What we ask of the world. Everything that touches it comes in through one of these. */

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
}

export type Webhook = 'mutate' | 'validate'

/** How one review ended: the worst that happened to it. */
export type ReviewResult = 'allowed' | 'changed' | 'denied' | 'fault' | 'malformed'

/** What one rule did about one review. */
export type RuleOutcome = 'deny' | 'warn' | 'audit' | 'fix' | 'skip' | 'fault' | 'exempt'

/** Counts what happens. All labels come from closed sets. */
export interface Meter {
  countReview(webhook: Webhook, result: ReviewResult, seconds: number): void
  countOutcome(ruleId: string, mode: Mode, outcome: RuleOutcome): void
}
