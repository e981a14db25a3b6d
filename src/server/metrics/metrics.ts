import type { Mode } from '../../model/finding.ts'
import type { ReviewResult, RuleOutcome, Webhook } from '../../model/review-outcome.ts'
import type { Meter } from '../../ports/runtime.ts'
import { addTally, DurationHistogram } from './cheap-counters.ts'
import { buildProcessMetrics, type ProcessMetrics, type ProcessSources } from './process-metrics.ts'

export interface Metrics extends Meter, ProcessMetrics {}

/** From a tenth of a millisecond, a usual review, to the API server's usual patience of 10 s. */
const buckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1, 10]

/** All metrics of the webhook in a registry of their own. */
export function buildMetrics(sources: ProcessSources): Metrics {
  const { registry, countReload, render } = buildProcessMetrics(sources)
  const duration = new DurationHistogram(
    registry,
    'pidguard_review_duration_seconds',
    'Time from the complete body to the answer, by webhook.',
    buckets
  )
  const reviews = addTally(
    registry,
    'pidguard_reviews_total',
    'Reviews by webhook and by the worst that happened to them: allowed, changed, denied, fault, malformed, late (not checked).',
    ['webhook', 'result']
  )
  const decisions = addTally(
    registry,
    'pidguard_decisions_total',
    'What rules did, by rule, its mode, and outcome: deny, warn, audit, fix, skip, fault, exempt.',
    ['rule', 'mode', 'outcome']
  )
  return {
    countReview(webhook: Webhook, result: ReviewResult, seconds: number) {
      duration.observe(webhook, seconds)
      reviews.add(webhook, result)
    },
    countOutcome(ruleId: string, mode: Mode, outcome: RuleOutcome) {
      decisions.add(ruleId, mode, outcome)
    },
    countReload,
    render
  }
}
