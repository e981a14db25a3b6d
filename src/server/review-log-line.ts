import type { DecidedFinding } from '../engine/decide.ts'
import type { Judged } from '../engine/mutate-then-validate.ts'
import type { ReviewRequest } from '../kubernetes/admission-review.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { clipped } from '../lib/clip-text.ts'
import type { Millis } from '../lib/units.ts'
import type { ReviewResult, Webhook } from '../model/review-outcome.ts'
import type { Settings } from '../policy/settings.ts'

/** One review, answered. */
export interface Reviewed {
  readonly request: ReviewRequest
  readonly subject: Subject
  readonly settings: Settings
  readonly judged: Judged
  readonly elapsed: Millis
}

/** The fields of a review's log line; those without information are left out, since each costs as much as a small rule. */
export function lineOf(
  webhook: Webhook,
  { request, subject, judged, elapsed }: Reviewed,
  result: ReviewResult
): object {
  const { decision, fixedBy } = judged
  const line: Record<string, unknown> = { webhook, uid: request.uid, kind: named(subject.kind) }
  if (subject.subresource !== '') line['subresource'] = named(subject.subresource)
  line['operation'] = subject.operation
  if (subject.namespace !== '') line['namespace'] = named(subject.namespace)
  line['name'] = named(subject.name)
  if (subject.dryRun) line['dryRun'] = true
  line['result'] = result
  if (decision.findings.length > 0) {
    // Without their detail: it may hold the value of a variable.
    line['findings'] = decision.findings.slice(0, maxLogged).map(lineOfFinding)
    if (decision.findings.length > maxLogged) line['findingCount'] = decision.findings.length
  }
  if (fixedBy.length > 0) line['fixedBy'] = fixedBy
  line['durationMs'] = roundedMillis(elapsed)
  return line
}

/** A span as log lines show it: to the microsecond. */
export function roundedMillis(span: Millis): Millis {
  return Math.round(span * 1000) / 1000
}

function lineOfFinding({ ruleId, action, reason, pointer, account }: DecidedFinding): object {
  const line = { ruleId, action, reason, pointer }
  // The figures behind a denial, so that it can be explained later; for warnings these lines would be too many.
  return action === 'deny' && account !== undefined ? { ...line, account: account() } : line
}

/** Findings of one log line: an object may have thousands of containers. Own choice. */
const maxLogged = 10

/** Names have at most 253 characters (RFC 1123 subdomain), but webhooks see them before they are validated. */
function named(name: string): string {
  return clipped(name, 253)
}
