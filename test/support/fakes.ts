import type { Millis } from '../../src/lib/units.ts'
import type { Mode } from '../../src/model/finding.ts'
import type { ReviewResult, RuleOutcome, Webhook } from '../../src/model/review-outcome.ts'
import type { Clock, Log, Meter } from '../../src/ports/runtime.ts'

export interface FakeClock extends Clock {
  /** Moves both readings on. */
  advance(span: Millis): void
  /** Sets the wall clock back or forth; the monotonic one knows nothing of it. */
  set(span: Millis): void
}

/** A clock that stands still until it is moved. Starts in November 2026. */
export function fakeClock(at: Millis = Date.UTC(2026, 10, 21)): FakeClock {
  let passed = 0
  let offset = 0
  return {
    now: () => at + offset + passed,
    monotonic: () => passed,
    advance(span) {
      passed += span
    },
    set(span) {
      offset += span
    }
  }
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A log that keeps its lines. */
export function fakeLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const at =
    (level: LogLine['level']) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields: { ...fields }, message })
    }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** A meter that keeps what it counted, each as one line of text. */
export function fakeMeter(): Meter & { readonly counted: string[] } {
  const counted: string[] = []
  return {
    counted,
    countReview: (webhook: Webhook, result: ReviewResult) => counted.push(`${webhook} ${result}`),
    countOutcome: (ruleId: string, mode: Mode, outcome: RuleOutcome) => counted.push(`${ruleId} ${mode} ${outcome}`)
  }
}
