import type { Mode } from '../model/finding.ts'

/** What would happen to the object at the API server because of a finding. */
export type Action = 'deny' | 'warn' | 'audit'

/** Where something stands. Line and column count from 1; line 0 stands for the file as a whole. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
  /** UTF-16 units to underline. */
  readonly length: number
  /** The line itself; empty when it is too long to show. */
  readonly excerpt: string
  /** The file a document was made from, where a renderer wrote that above it. */
  readonly source?: string
}

export interface ObjectName {
  readonly apiVersion: string
  readonly kind: string
  /** Empty where nothing says whether the kind has one. */
  readonly namespace: string
  readonly name: string
}

export interface ReportFinding {
  readonly ruleId: string
  readonly action: Action
  readonly reason: string
  readonly detail: string
  readonly remedy: string
  readonly pointer: string
  /** The pointer with names for the numbers of list entries, where there are some. */
  readonly field?: string
  readonly object: ObjectName
  readonly place: Place
  /** Why it does not count, where a baseline says so. */
  readonly accepted?: string
}

/** An object that the webhook would store otherwise than it is written. */
export interface ReportChange {
  readonly ruleIds: readonly string[]
  readonly object: ObjectName
  readonly place: Place
  /** One line for each value that is added, replaced or removed. */
  readonly lines: readonly string[]
}

/** Something that could not be checked, or not as it was meant. */
export interface Problem {
  readonly message: string
  readonly place: Place
}

/** A rule that failed on an object. */
export interface ReportFault {
  readonly ruleId: string
  readonly mode: Mode
  readonly message: string
  readonly object: ObjectName
  readonly place: Place
}

/** Objects a rule said nothing about, by its reason. */
export interface Unjudged {
  readonly ruleId: string
  readonly reason: string
  readonly objects: number
}

export interface Counts {
  readonly files: number
  readonly objects: number
  /** Objects that at least one rule looked at. */
  readonly judged: number
  /** Objects of kinds that no rule looks at. */
  readonly otherKinds: number
  /** Objects that the webhook would store otherwise. */
  readonly changed: number
}

/** The rule's words, as far as a report needs them. */
export interface RuleText {
  readonly id: string
  readonly title: string
  readonly why: string
  readonly remedy: string
}

/** Everything a run has to say; what the renderers are given. */
export interface Report {
  readonly version: string
  readonly rules: readonly RuleText[]
  readonly findings: readonly ReportFinding[]
  readonly changes: readonly ReportChange[]
  readonly problems: readonly Problem[]
  readonly faults: readonly ReportFault[]
  readonly skips: readonly Unjudged[]
  readonly exempted: readonly Unjudged[]
  readonly notes: readonly string[]
  readonly counts: Counts
  readonly failOn: FailOn
  readonly exitCode: number
}

/** What makes a run fail: each includes those before it. */
export const failOns = ['never', 'deny', 'warn', 'change', 'audit'] as const
export type FailOn = (typeof failOns)[number]

/** Whether a finding, or a change, makes the run fail. */
export function fails(failOn: FailOn, action: Action | 'change'): boolean {
  return failOns.indexOf(action) <= failOns.indexOf(failOn)
}

/** The findings that no baseline accepts. */
export function countingFindings({ findings }: Pick<Report, 'findings'>): readonly ReportFinding[] {
  return findings.filter(({ accepted }) => accepted === undefined)
}

export function placeText({ file, line, column }: Place): string {
  return line === 0 ? file : `${file}:${line}:${column}`
}

export function objectText({ kind, namespace, name }: ObjectName): string {
  return `${kind || 'object'} ${namespace === '' ? '' : `${namespace}/`}${name}`.trimEnd()
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Why a rule said nothing: skipped is not passed. */
export function skipText({ ruleId, reason, objects }: Unjudged): string {
  return `skipped: ${ruleId} on ${plural(objects, 'object')}: ${reason}`
}

/** The last line of every report that people read. */
export function summaryOf(report: Report): string {
  const { files, objects, judged } = report.counts
  const counting = countingFindings(report)
  const of = (action: Action): number => counting.filter((finding) => finding.action === action).length
  const accepted = report.findings.length - counting.length
  const parts = [
    `${plural(files, 'file')}, ${plural(objects, 'object')}, ${judged} judged`,
    `${of('deny')} would be denied, ${plural(of('warn'), 'warning')}`,
    of('audit') > 0 ? `${of('audit')} for the audit log` : '',
    accepted > 0 ? `${accepted} accepted by the baseline` : '',
    report.faults.length > 0 ? plural(report.faults.length, 'failed rule') : '',
    report.problems.length > 0 ? plural(report.problems.length, 'problem') : ''
  ]
  return parts.filter((part) => part !== '').join('; ')
}
