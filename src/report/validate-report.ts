import type { Mode } from '../model/finding.ts'

/** The level of a finding: what it would do to the object at the API server. */
export type Action = 'deny' | 'warn' | 'audit'

/** A place in a file. Line and column count from 1; line 0 means the file as a whole. */
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
  /** The file is standard input, a pipe or a build: there is no file to open. */
  readonly isStream?: boolean
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
  /** The reason of a baseline entry that accepts it; undefined: the finding counts. */
  readonly accepted?: string
}

/** An object that the webhook would change. */
export interface ReportChange {
  readonly ruleIds: readonly string[]
  readonly object: ObjectName
  readonly place: Place
  /** One line for each value that is added, replaced or removed. */
  readonly lines: readonly string[]
}

/** Something that could not be checked. */
export interface Problem {
  readonly message: string
  readonly place: Place
  /** The object that it is a mistake of; undefined where none could be read. */
  readonly object?: ObjectName
}

/** A rule that failed on an object. */
export interface ReportFault {
  readonly ruleId: string
  readonly mode: Mode
  readonly message: string
  readonly object: ObjectName
  readonly place: Place
}

/** Objects that a rule did not check, by its reason. */
export interface Unchecked {
  readonly ruleId: string
  readonly reason: string
  readonly objects: number
}

export interface Counts {
  readonly files: number
  readonly objects: number
  /** Objects that at least one rule looked at. */
  readonly checked: number
  /** Objects that make pods and that no rule for pods looked at, as in system namespaces. */
  readonly podRulesOff: number
  /** Objects of kinds that no rule looks at. */
  readonly otherKinds: number
  /** Objects that the webhook would change. */
  readonly changed: number
}

/** What a report needs of a rule. */
export interface RuleText {
  readonly id: string
  readonly title: string
  readonly why: string
  readonly remedy: string
}

/** Everything that a run found; the input of the renderers. */
export interface Report {
  readonly version: string
  readonly rules: readonly RuleText[]
  readonly findings: readonly ReportFinding[]
  readonly changes: readonly ReportChange[]
  readonly problems: readonly Problem[]
  readonly faults: readonly ReportFault[]
  readonly skips: readonly Unchecked[]
  readonly exempted: readonly Unchecked[]
  readonly notes: readonly string[]
  /** Of the notes, those on objects that hold pods and were not checked. */
  readonly unchecked: readonly string[]
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

/** What the webhook would change, in one line. */
export function changeText({ ruleIds }: ReportChange): string {
  return `the webhook would change this (${ruleIds.join(', ')})`
}

/** A verdict on the whole run in two words. A run that checked nothing is not called fine. */
export function verdictText({ exitCode, counts }: Report): string {
  if (exitCode !== 0) return 'not fine'
  return counts.checked === 0 ? 'nothing checked' : 'fine'
}

/**
 * Where people look for the mistake: the template that a document of a stream was made from, or the kustomization that was
 * built. The stream is no file of theirs, and its lines are not those of its source.
 */
export function originOf(place: Place): Place {
  if (!place.isStream || place.source === undefined) return place
  return { ...place, file: place.source, line: 0, column: 0, length: 0 }
}

/** Place and origin in one line. */
export function placeAndSource(place: Place): string {
  return place.source === undefined ? placeText(place) : `${placeText(place)} (made from ${place.source})`
}

/** Why a rule did not check: skipped is not passed. */
export function skipText({ ruleId, reason, objects }: Unchecked): string {
  const remedy = reason === 'headroom not known' ? '; give --snapshot FILE or --kubeconfig FILE' : ''
  return `skipped: ${ruleId} on ${plural(objects, 'object')}: ${reason}${remedy}`
}

/** The last line of every report that people read. */
export function summaryOf(report: Report): string {
  const { files, objects, checked } = report.counts
  const counting = countingFindings(report)
  const of = (action: Action): number => counting.filter((finding) => finding.action === action).length
  const accepted = report.findings.length - counting.length
  const parts = [
    `${plural(files, 'file')}, ${plural(objects, 'object')}, ${checked} checked`,
    `${of('deny')} would be denied, ${plural(of('warn'), 'warning')}`,
    report.changes.length > 0 ? `${report.changes.length} would be changed` : '',
    of('audit') > 0 ? `${of('audit')} for the audit log` : '',
    accepted > 0 ? `${accepted} accepted by the baseline` : '',
    report.faults.length > 0 ? plural(report.faults.length, 'failed rule') : '',
    report.problems.length > 0 ? plural(report.problems.length, 'problem') : ''
  ]
  return parts.filter((part) => part !== '').join('; ')
}
