import { type Decision, decide } from '../engine/decide.ts'
import { evaluate, type JudgingInput } from '../engine/evaluate.ts'
import { mutate } from '../engine/mutate.ts'
import type { Judged } from '../engine/mutate-then-validate.ts'
import type { AllFacts } from '../engine/rule.ts'
import type { RuleIndex } from '../engine/rule-index.ts'
import { AppError } from '../errors.ts'
import {
  type ReviewRequest,
  type ReviewResponse,
  readReview,
  renderReview,
  uidAtHead,
  uidOf
} from '../kubernetes/admission-review.ts'
import { withoutManagedFields } from '../kubernetes/managed-fields.ts'
import { type Subject, subjectOfRequest } from '../kubernetes/subject.ts'
import { hasMoreMembers } from '../lib/json/count-members.ts'
import type { Bytes, Millis } from '../lib/units.ts'
import type { ReviewResult, RuleOutcome, Webhook } from '../model/review-outcome.ts'
import type { Settings } from '../policy/settings.ts'
import type { Clock, Log, Meter } from '../ports/runtime.ts'
import { type Answer, reporting } from './answer.ts'
import { annotationsOf } from './audit-annotations.ts'
import { lineOf, type Reviewed } from './review-log-line.ts'
import { reasonOfStatus, renderStatus } from './status.ts'

/** The policy in force, as the admission path asks for it. */
export interface PolicySource {
  settingsFor(namespace: string): Settings
  exemption(ruleId: string, subject: Subject, now: Millis): string | undefined
}

export interface AdmissionDeps {
  readonly rules: RuleIndex
  readonly policy: PolicySource
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** A review that takes longer from its arrival on is logged at info. */
  readonly slow: Millis
  facts(namespace: string): Partial<AllFacts>
  /**
   * Called for every object that passed validation and will be stored unless another webhook or a quota refuses it. Not
   * for dry runs. The answer is made before and sent after it. `caller`: the address that asked.
   */
  admitted?(subject: Subject, settings: Settings, caller: string | undefined): void
}

/**
 * Answers one review; never throws and never waits. Takes ownership of `body` and overwrites it.
 * `arrivedAt`: when the body was whole, by the monotonic clock; its duration counts from there. `caller`: the address that asks.
 */
export type Admission = (webhook: Webhook, body: Buffer, arrivedAt: Millis, caller?: string) => Answer

/** Bytes. A body up to this size is parsed without counting its members: at most 16,000, in 3 ms. */
const unchecked: Bytes = 128 * 1024

/**
 * Members of all objects of a review. Parsing and reading so many takes some 50 ms, in which no other review is answered.
 * The largest Pods and DaemonSets that a cluster can store (1.5 MiB in etcd) have some 50,000. Own choice.
 */
const membersLimit = 100_000

const tooManyMembers = new AppError(
  'ERR_OBJECT_TOO_LARGE',
  `object: expected at most ${membersLimit} fields in all, found more`
)

/** The seven hops of a review: read, match, evaluate or mutate, decide, answer; then, in its report, count and log. */
export function buildAdmission(deps: AdmissionDeps): Admission {
  const { clock, meter } = deps
  return (webhook, body, arrivedAt, caller) => {
    const json = withoutManagedFields(body)
    if (json.length > unchecked && hasMoreMembers(json, membersLimit))
      return refuse(deps, webhook, tooManyMembers, uidAtHead(json), clock.monotonic() - arrivedAt)
    let parsed: unknown
    try {
      parsed = JSON.parse(json.toString('utf8'))
    } catch (cause) {
      const error = new AppError(
        'ERR_REVIEW_NOT_JSON',
        `body: expected JSON, found ${body.length} bytes that are not`,
        { cause }
      )
      return refuse(deps, webhook, error, undefined, clock.monotonic() - arrivedAt)
    }
    try {
      const request = readReview(parsed)
      if (request.operation === 'DELETE' || request.operation === 'CONNECT')
        return allow(request, deps, webhook, arrivedAt)
      const subject = subjectOfRequest(request)
      const settings = deps.policy.settingsFor(subject.namespace)
      const judged = runRules(deps, webhook, subject, settings)
      const body = renderReview(responseOf(request, subject, judged))
      if (webhook === 'validate' && judged.decision.allowed && !subject.dryRun)
        recordAdmission(deps, subject, settings, caller)
      const reviewed = { request, subject, settings, judged, elapsed: clock.monotonic() - arrivedAt }
      return { status: 200, body, report: reporting(deps.log, reportOf(deps, webhook, reviewed)) }
    } catch (error) {
      return refuse(deps, webhook, error, uidOf(parsed), clock.monotonic() - arrivedAt)
    }
  }

  function allow(
    { uid, operation }: ReviewRequest,
    { log }: AdmissionDeps,
    webhook: Webhook,
    arrivedAt: Millis
  ): Answer {
    const elapsed = clock.monotonic() - arrivedAt
    const tally = (): void => {
      meter.countReview(webhook, 'allowed', elapsed / 1000)
      log.debug({ webhook, uid, operation }, 'review not checked')
    }
    return { status: 200, body: renderReview({ uid, allowed: true }), report: reporting(deps.log, tally) }
  }
}

/** Runs after the answer is made: neither its result nor its failure can change the answer. */
function recordAdmission(
  { admitted, log }: AdmissionDeps,
  subject: Subject,
  settings: Settings,
  caller: string | undefined
): void {
  try {
    admitted?.(subject, settings, caller)
  } catch (error) {
    log.error(
      { kind: subject.kind, namespace: subject.namespace, name: subject.name, err: error },
      'admission not recorded'
    )
  }
}

function runRules(deps: AdmissionDeps, webhook: Webhook, subject: Subject, settings: Settings): Judged {
  const rules = deps.rules.rulesFor(subject)
  const now = deps.clock.now()
  const input: JudgingInput = {
    settings,
    facts: deps.facts(subject.namespace),
    exemption: (ruleId) => deps.policy.exemption(ruleId, subject, now)
  }
  if (webhook === 'validate') {
    const verdict = evaluate(subject, rules, input)
    return { decision: decide(subject, verdict, settings), verdict, operations: [], fixedBy: [] }
  }
  const { operations, fixedBy, notes, verdict } = mutate(subject, rules, input)
  const decision = decide(subject, verdict, settings)
  return { decision: notes.length === 0 ? decision : withNotes(decision, notes), verdict, operations, fixedBy }
}

/** Changes are said as warnings; a decision of the mutating half has none of its own. */
function withNotes(decision: Decision, notes: readonly string[]): Decision {
  return { ...decision, warnings: [...decision.warnings, ...notes] }
}

function responseOf(
  { uid }: ReviewRequest,
  subject: Subject,
  { decision, operations, fixedBy }: Judged
): ReviewResponse {
  const { allowed, code, message, warnings } = decision
  const response: Writable<ReviewResponse> = { uid, allowed }
  if (!allowed) response.status = { code, reason: reasonOfStatus(code), message }
  if (warnings.length > 0) response.warnings = warnings
  const annotations = annotationsOf(subject, decision, fixedBy)
  if (annotations !== undefined) response.auditAnnotations = annotations
  if (allowed && operations.length > 0) {
    response.patchType = 'JSONPatch'
    response.patch = Buffer.from(JSON.stringify(operations)).toString('base64')
  }
  return response
}

type Writable<T> = { -readonly [Field in keyof T]: T[Field] }

function reportOf({ log, meter, slow }: AdmissionDeps, webhook: Webhook, reviewed: Reviewed): () => void {
  const { request, settings, judged, elapsed } = reviewed
  const { decision, verdict, fixedBy } = judged
  const result = resultOf(judged)
  const level = result !== 'allowed' || elapsed > slow ? 'info' : 'debug'
  const isLogged = log.isLevelEnabled?.(level) !== false
  // Build the denial's log line now; by the time it is written the next review may have changed the node figures.
  const denial = isLogged && !decision.allowed ? lineOf(webhook, reviewed, result) : undefined
  const count = (ruleId: string, outcome: RuleOutcome): void =>
    meter.countOutcome(ruleId, settings.modes.get(ruleId) ?? 'off', outcome)
  return () => {
    meter.countReview(webhook, result, elapsed / 1000)
    for (const { ruleId, action } of decision.findings) count(ruleId, action)
    for (const ruleId of fixedBy) count(ruleId, 'fix')
    for (const { ruleId } of verdict.skips) count(ruleId, 'skip')
    for (const { ruleId } of verdict.exempted) count(ruleId, 'exempt')
    for (const { ruleId, error } of verdict.faults) {
      count(ruleId, 'fault')
      log.error({ webhook, uid: request.uid, ruleId, err: error }, 'rule failed')
    }
    if (isLogged) log[level](denial ?? lineOf(webhook, reviewed, result), 'review')
  }
}

function resultOf({ decision, verdict, operations }: Judged): ReviewResult {
  if (verdict.faults.length > 0) return 'fault'
  if (!decision.allowed) return 'denied'
  return operations.length > 0 ? 'changed' : 'allowed'
}

/** An error instead of a decision: as an AdmissionReview where a uid could be read, else as a plain Status. */
function refuse(
  deps: AdmissionDeps,
  webhook: Webhook,
  error: unknown,
  uid: string | undefined,
  elapsed: Millis
): Answer {
  const known = error instanceof AppError ? error : undefined
  const code = known?.info.status ?? 500
  const message =
    known === undefined
      ? 'pidguard failed on this review; the error is in its log.'
      : `${known.message}. ${known.info.hint}`
  const report = reporting(deps.log, () => {
    const { log, meter } = deps
    meter.countReview(webhook, known === undefined ? 'fault' : 'malformed', elapsed / 1000)
    // A known error is logged by its text only: the parser's cause quotes the body.
    if (known === undefined) log.error({ webhook, uid, err: error }, 'review failed')
    else log.warn({ webhook, uid, code: known.code, error: known.message }, 'review not understood')
  })
  if (uid === undefined) return { status: code, body: renderStatus(code, message), report }
  const status = { code, reason: reasonOfStatus(code), message }
  return { status: 200, body: renderReview({ uid, allowed: false, status }), report }
}
