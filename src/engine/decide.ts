import { AppError } from '../errors.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { clipped } from '../lib/clip-text.ts'
import type { Fault, Mode, RuleFinding, Verdict } from '../model/finding.ts'
import type { Settings } from '../policy/settings.ts'

/** What a finding does: it denies, it warns, or it is only recorded. */
export type Action = 'deny' | 'warn' | 'audit'

/** A finding with what `decide` makes of it. Only that adds an action: what rules find has none, so none can act on it. */
export interface DecidedFinding extends RuleFinding {
  readonly action: Action
}

/** The answer to the API server about one object, and what it writes into its audit log. */
export interface Decision {
  readonly allowed: boolean
  /** HTTP status of a denial; 403 for a policy, 400 for an object without the shape of its kind, 500 for a fault. */
  readonly code: number
  /** For the user whose object was denied; empty when allowed. */
  readonly message: string
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
  readonly findings: readonly DecidedFinding[]
}

/** Whether a rule in this mode fixes objects. Only an enforcing one does: observing changes nothing. */
export function isFixed(mode: Mode | undefined): boolean {
  return mode === 'enforce'
}

/** The decision on most objects. */
const nothingFound: Decision = {
  allowed: true,
  code: 200,
  message: '',
  warnings: [],
  auditAnnotations: {},
  findings: []
}

/** Whether nothing was found and nothing failed; there may still be something for the audit log. */
function isSilent({ findings, faults }: Verdict): boolean {
  return findings.length + faults.length === 0
}

/** What is done about a finding in this mode; an advisory one never denies. */
export function actionOf(mode: Mode | undefined, advisory: boolean): Action {
  if (mode === 'enforce') return advisory ? 'warn' : 'deny'
  return mode === 'warn' ? 'warn' : 'audit'
}

/** The findings with what each of them does. */
export function decidedFindings({ findings }: Verdict, { modes }: Settings): readonly DecidedFinding[] {
  return findings.map((finding) => ({
    ...finding,
    action: actionOf(modes.get(finding.ruleId), finding.advisory === true)
  }))
}

/**
 * Turns what the rules found into the answer to the API server. The only place that knows what the modes mean.
 * A fault in an enforcing rule denies, since what it would have found is unknown; in any other rule it is recorded.
 */
export function decide(subject: Subject, verdict: Verdict, settings: Settings): Decision {
  if (isSilent(verdict)) {
    if (verdict.skips.length + verdict.exempted.length + settings.notes.length === 0) return nothingFound
    return { ...nothingFound, auditAnnotations: auditAnnotationsOf([], verdict, settings) }
  }
  const findings = decidedFindings(verdict, settings)
  const denials = findings.filter((finding) => finding.action === 'deny')
  const fatal = verdict.faults.filter(
    (fault) => fault.failsOpen !== true && settings.modes.get(fault.ruleId) === 'enforce'
  )
  const allowed = denials.length === 0 && fatal.length === 0
  return {
    allowed,
    code: allowed ? 200 : denials.length > 0 ? 403 : statusOf(fatal[0] as Fault),
    message: allowed ? '' : messageOf(subject, denials, fatal),
    warnings: warningsOf(findings),
    auditAnnotations: auditAnnotationsOf(findings, verdict, settings),
    findings
  }
}

function statusOf(fault: Fault): number {
  return fault.error instanceof AppError ? fault.error.info.status : 500
}

/** The finding in full: first what is wrong and what to do, then the values and where, then the rest of the remedy. */
export function sentenceOf({ ruleId, reason, detail, pointer, remedy }: RuleFinding): string {
  const first = firstSentence(remedy)
  return `${ruleId}: ${reason}. ${first} Found: ${detail}, at ${pointer}.${remedy.slice(first.length)}`
}

function messageOf(subject: Subject, denials: readonly RuleFinding[], fatal: readonly Fault[]): string {
  const sentences = [
    ...denials.slice(0, maxDenials).map(sentenceOf),
    ...(denials.length > maxDenials ? [`and ${denials.length - maxDenials} more findings.`] : []),
    ...fatal.map(
      (fault) =>
        `${fault.ruleId}: this rule failed and its mode is enforce, so the object cannot be admitted. ${faultText(fault)}`
    )
  ]
  const what = `${subject.kind} ${subject.namespace === '' ? '' : `${subject.namespace}/`}${subject.name}`
  return clipped(
    sentences.length === 1
      ? `${what}: ${sentences[0]}`
      : `${what}:\n${sentences.map((line) => `- ${line}`).join('\n')}`,
    maxMessage
  )
}

/** An expected error explains itself; an unexpected one is only logged, since its text may hold anything. */
function faultText(fault: Fault): string {
  return fault.error instanceof AppError ? fault.error.message : 'The error is in the log of pidguard.'
}

/** Bounds on one denial: an object with thousands of containers gets a readable answer too. Own choice. */
const maxDenials = 10
const maxMessage = 8 * 1024

/** Characters of one warning: kubectl and client-go show up to 256, the API asks for 120 (admission/v1 types.go). */
const maxWarning = 120
/** Warnings of one answer; a large number may be truncated by the API server (admission/v1 types.go). Own choice. */
const maxWarnings = 10

/** Each finding in one line, then, once per rule, what to do: the first sentence of its remedy. */
function warningsOf(findings: readonly DecidedFinding[]): string[] {
  const warned = findings.filter((finding) => finding.action === 'warn')
  const remedies = new Set(warned.map((finding) => finding.remedy))
  const lines = [
    ...warned.slice(0, maxWarnings).map(({ ruleId, reason, detail }) => `${ruleId}: ${reason} (${detail})`),
    ...new Set([...remedies].map(firstSentence))
  ].map((line) => clipped(line, maxWarning))
  const count = lines.length + Math.max(0, warned.length - maxWarnings)
  if (count <= maxWarnings) return lines
  return [...lines.slice(0, maxWarnings - 1), `pidguard: ${count - maxWarnings + 1} more lines are not shown`]
}

/** A remedy begins with what to do. */
export function firstSentence(text: string): string {
  const end = text.indexOf('. ')
  return end < 0 ? text : text.slice(0, end + 1)
}

/** One annotation for each rule with a result, the worst one; the API server puts the webhook's name before each key. */
function auditAnnotationsOf(
  findings: readonly DecidedFinding[],
  verdict: Verdict,
  settings: Settings
): Record<string, string> {
  const annotations: Record<string, string> = {}
  for (const worst of ['audit', 'warn', 'deny'] satisfies Action[]) {
    for (const { ruleId, action, reason, audit } of findings) {
      if (action !== worst) continue
      annotations[ruleId] = clipped(`${action}: ${reason}${audit === undefined ? '' : `; ${audit}`}`, 2 * maxWarning)
    }
  }
  for (const { ruleId, reason } of verdict.skips) annotations[ruleId] = `skipped: ${reason}`
  for (const { ruleId } of verdict.faults) annotations[ruleId] = 'fault'
  for (const { ruleId, reason } of verdict.exempted) annotations[ruleId] = `exempted: ${clipped(reason, maxWarning)}`
  if (settings.notes.length > 0) annotations['policy'] = clipped(settings.notes.join('; '), 2 * maxWarning)
  return annotations
}
