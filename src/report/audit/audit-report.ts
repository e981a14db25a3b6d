import type { Pids } from '../../lib/units.ts'
import type { Mode } from '../../model/finding.ts'
import type { CalicoNode } from '../calico-node.ts'
import { objectKey } from '../object-name.ts'
import type { Action, FailOn, ObjectName, RuleText, Unchecked } from '../validate-report.ts'
import type { AuditNode, AuditPod, AuditWorkload } from './audit-fleet.ts'
import type { AuditAdvice } from './audit-recommendations.ts'

/** Changes when a field is renamed, removed or means something else; a new field changes nothing. */
export const auditApiVersion = 'pidguard.io/audit/v1'

/**
 * What a finding would have led to if the object were written now: `deny` and `warn` as the webhook would; `change`
 * where the webhook would fix the object by itself (it stays as it is until it is written again); `audit` is recorded.
 */
export const auditLevels = ['deny', 'warn', 'change', 'audit'] as const satisfies readonly (Action | 'change')[]
export type AuditLevel = (typeof auditLevels)[number]

/** One thing wrong with one object. A finding of a controller and its children is one entry. */
export interface AuditFinding {
  readonly ruleId: string
  readonly level: AuditLevel
  /** Constant for its rule, to group by. */
  readonly reason: string
  /** The values. */
  readonly detail: string
  /** JSON Pointer of the field, in the object, or in its first child where only children have it. */
  readonly pointer: string
  /** The pointer with names for the numbers in it, where it has some, or where another finding has the same. */
  readonly field?: string
  /** What to do, where it differs from the rule's own remedy. */
  readonly remedy?: string
  readonly object: ObjectName
  /** Pods of it that have the same; 0 where the object itself was looked at and no pod has it. */
  readonly children: number
  /** Against the earlier report; null without one. */
  readonly change: 'new' | 'unchanged' | null
}

/**
 * Something to do, the most urgent first: what helps a node that is short of PIDs now comes before all else.
 */
export interface AuditAction {
  readonly ruleId: string
  /** What to do, where it differs from the rule's own remedy. */
  readonly remedy?: string
  /** How many objects it is about. */
  readonly objects: number
  /** The worst of them, at most three. */
  readonly examples: readonly { readonly object: ObjectName; readonly detail: string }[]
}

/** A part of the cluster that could not be looked at. While there is one, the audit is not complete. */
export interface AuditGap {
  /** A resource as RBAC names it, such as `deployments.apps` or `nodes/configz`; a file of a dump; `node readings`. */
  readonly part: string
  readonly reason: string
  /** What was asked, what came back, what to do. */
  readonly detail: string
  /** Nodes it is about; null where it is about the part as a whole. */
  readonly nodes: number | null
}

/** A rule that failed on an object. */
export interface AuditFault {
  readonly ruleId: string
  readonly mode: Mode
  readonly message: string
  readonly object: ObjectName
}

export type LevelCounts = Readonly<Record<AuditLevel, number>>

export interface AuditSummary {
  readonly nodes: number
  /** Nodes that were read, at least in part. */
  readonly nodesRead: number
  readonly pods: number
  /** Running pods whose tasks are known. */
  readonly podsRead: number
  readonly namespaces: number
  /** Objects that at least one rule looked at. */
  readonly checked: number
  /** Every rule there is, with the objects it checked; 0: it was not asked, or nothing was there for it. */
  readonly checkedByRule: readonly { readonly ruleId: string; readonly objects: number }[]
  readonly levels: LevelCounts
  /** Rules with findings, in the order of `rules`. `children` are pods. */
  readonly byRule: readonly ({ readonly ruleId: string; readonly children: number } & LevelCounts)[]
  /** Namespaces with findings by name; the empty one holds what belongs to none. */
  readonly byNamespace: readonly ({ readonly namespace: string } & LevelCounts)[]
  /** Running pods by their tasks: `from` to `to`, both included; empty ranges are left out. */
  readonly podSizes: readonly { readonly from: Pids; readonly to: Pids; readonly pods: number }[]
}

/** What changed since an earlier report. */
export interface AuditSince {
  /** Of the earlier report. */
  readonly takenAt: string
  readonly levels: LevelCounts
  readonly new: number
  readonly unchanged: number
  /** Findings of the earlier report that are gone. */
  readonly fixed: readonly AuditFinding[]
  /** Findings of the earlier report that this audit could not check. */
  readonly unknown: number
  /** What nodes used then. */
  readonly nodes: readonly Pick<AuditNode, 'node' | 'host' | 'kubepods' | 'used'>[]
}

/** Where the audit looked. */
export interface AuditSource {
  readonly kind: 'cluster' | 'dump'
  /** The address of the API server, or the files. */
  readonly name: string
  /** Source of what nodes use; null: none. */
  readonly readings: 'kubelet' | 'prometheus' | 'snapshot' | null
}

/**
 * Everything an audit has to say, exactly as `-o json` writes it: what is not known is null, never absent and never 0.
 * The order of every list is a matter of its content alone, so the same cluster makes the same report.
 */
export interface AuditReport {
  readonly apiVersion: typeof auditApiVersion
  readonly kind: 'Audit'
  /** Of pidguard. */
  readonly version: string
  /** RFC 3339, UTC. */
  readonly takenAt: string
  readonly source: AuditSource
  /** Where the policy came from. */
  readonly policy: string
  readonly failOn: FailOn
  /**
   * The share of a ceiling from which a node is called short of PIDs: half way between the policy's `audit.usage` and full,
   * so 0.9 with the default of 0.8.
   */
  readonly actNow: number
  /** 0 clean, 1 findings that count, 4 none of these, but parts could not be looked at. */
  readonly exitCode: number
  readonly summary: AuditSummary
  readonly actions: readonly AuditAction[]
  /** The texts of every rule that was asked. */
  readonly rules: readonly RuleText[]
  /** By level, rule, namespace, kind, name and pointer. */
  readonly findings: readonly AuditFinding[]
  readonly gaps: readonly AuditGap[]
  /** Rules that could not be checked on some objects. Skipped is not passed. */
  readonly skips: readonly Unchecked[]
  readonly faults: readonly AuditFault[]
  readonly exempted: readonly Unchecked[]
  readonly nodes: readonly AuditNode[]
  /** At most `mostTop`, the biggest first. */
  readonly pods: readonly AuditPod[]
  /** At most `mostTop`, the biggest first. */
  readonly workloads: readonly AuditWorkload[]
  /** Every node, where there is a DaemonSet of Calico; by name. */
  readonly calico: readonly CalicoNode[]
  /** Settings and estimates, by this audit and the earlier one. */
  readonly recommendations: AuditAdvice
  readonly since: AuditSince | null
  readonly notes: readonly string[]
}

/** Rows of the lists of the biggest. Own choice: more is what `pidguard top` is for. */
export const mostTop = 50

/** Whether everything was looked at that the policy asks for. */
export function isComplete({ gaps, skips, faults }: Pick<AuditReport, 'gaps' | 'skips' | 'faults'>): boolean {
  return gaps.length + skips.length + faults.length === 0
}

/**
 * What a finding is recognised by in a later report: the rule, the object, and the field by names. The index of a list
 * entry would not do: it changes when another entry is put in front.
 */
export function identityOf(finding: Pick<AuditFinding, 'ruleId' | 'object' | 'pointer' | 'field'>): string {
  const { ruleId, object, pointer, field = pointer } = finding
  return [ruleId, objectKey(object), field].join(' ')
}

/** The report for programs; manifests/audit.schema.json describes it. */
export function renderAuditJson(report: AuditReport): string {
  return `${JSON.stringify(report, null, 2)}\n`
}
