import { pause } from '../lib/sleep.ts'
import type { Millis } from '../lib/units.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { AuditTotals } from '../report/audit/totals.ts'

/**
 * How one audit of the interval ended. `findings`: something was found, whether or not all could be looked at;
 * `incomplete`: nothing was, but parts could not be looked at; `failed`: there is no report.
 */
export type AuditResult = 'clean' | 'findings' | 'incomplete' | 'failed'

/** What came of one try, or why nothing did, in words. */
export type AuditOutcome = { readonly totals: AuditTotals } | { readonly failure: string }

/** The audits of this process in figures. */
export interface AuditStatus {
  /** Since the start. */
  readonly runs: Readonly<Record<AuditResult, number>>
  /** undefined before the first that did not fail, and in a process that does not lead. */
  readonly last: LastAudit | undefined
}

export interface LastAudit {
  readonly totals: AuditTotals
  /** Wall clock. */
  readonly endedAt: Millis
  readonly took: Millis
}

export interface IntervalDeps {
  /** One audit; ends soon after the signal, and never throws. */
  audit(signal: AbortSignal): Promise<AuditOutcome>
  /** From the end of one audit to the start of the next, give or take a tenth. */
  readonly interval: Millis
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly wait?: typeof pause
}

/**
 * The longest wait for the first audit. It comes at a random moment, so that clusters that were upgraded together do not
 * audit together. It is bounded because a new leader has no figures yet, and must not be without them for a whole interval.
 */
export const longestFirstWait: Millis = 10 * 60_000
/** After a first failure, doubled with each further one up to the interval. Own choice. */
export const firstRetry: Millis = 60_000

/** Audits again and again for as long as this process leads, one at a time. */
export class IntervalAudits {
  readonly #deps: IntervalDeps
  readonly #runs: Record<AuditResult, number> = { clean: 0, findings: 0, incomplete: 0, failed: 0 }
  #last: LastAudit | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(deps: IntervalDeps) {
    this.#deps = deps
  }

  get status(): AuditStatus {
    return { runs: this.#runs, last: this.#last }
  }

  /** Call it on becoming the leader. Resolves when nothing runs any more, soon after the signal. Never throws. */
  lead(signal: AbortSignal): Promise<void> {
    // The leader may change back to this process while its last audit is still ending.
    this.#running = this.#running.then(() => this.#lead(signal))
    return this.#running
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { interval, random, wait = pause } = this.#deps
    await wait(Math.min(interval, longestFirstWait) * random(), signal)
    let failures = 0
    while (!signal.aborted) {
      failures = (await this.#once(signal)) ? 0 : failures + 1
      await wait(nextWait(interval, failures, random()), signal)
    }
    // Figures of a former leader only get older, beside those of the leader.
    this.#last = undefined
  }

  /** Whether there is a report. */
  async #once(signal: AbortSignal): Promise<boolean> {
    const { clock, log } = this.#deps
    const startedAt = clock.monotonic()
    const outcome = await this.#deps.audit(signal)
    const took = clock.monotonic() - startedAt
    // An audit that was stopped has not failed.
    if (signal.aborted) return true
    if ('failure' in outcome) {
      this.#runs.failed++
      log.error({ failure: outcome.failure, took }, 'audit failed, its last figures stay')
      return false
    }
    const { totals } = outcome
    const result = resultOf(totals)
    this.#runs[result]++
    this.#last = { totals, endedAt: clock.now(), took }
    const findings = totals.findings.reduce((sum, each) => sum + each.findings, 0)
    const fields = { result, findings, gaps: totals.gaps, took }
    if (totals.gaps === 0) log.info(fields, 'audit done')
    else log.warn({ ...fields, firstGaps: totals.firstGaps }, 'audit done, parts could not be looked at')
    return true
  }
}

export function resultOf({ findings, complete }: Pick<AuditTotals, 'findings' | 'complete'>): AuditResult {
  if (findings.length > 0) return 'findings'
  return complete ? 'clean' : 'incomplete'
}

/** `failures` in a row so far; `random` from 0 to 1. */
export function nextWait(interval: Millis, failures: number, random: number): Millis {
  if (failures === 0) return interval * (0.9 + random * 0.2)
  return Math.min(interval, firstRetry * 2 ** (failures - 1)) * (0.5 + random)
}
