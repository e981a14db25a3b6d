import type { Millis, Pids } from '../../lib/units.ts'
import type { Mode } from '../../model/finding.ts'
import type { Action, FailOn, ObjectName, RuleText, Unjudged } from '../validate-report.ts'

/** Changes when a field is renamed, removed or means something else; a new field changes nothing. */
export const auditApiVersion = 'pidguard.io/audit/v1'

/**
 * What a finding would have led to if the object were written now: `deny` and `warn` as the webhook would; `change`
 * where the webhook mends the object by itself, and until somebody writes it, it stands as it is; `audit` is recorded.
 */
export const auditLevels = ['deny', 'warn', 'change', 'audit'] as const satisfies readonly (Action | 'change')[]
export type AuditLevel = (typeof auditLevels)[number]

/** A count of tasks; null: not known, which is never 0. */
export type Figure = Pids | null
/** The same of something that may have no limit at all. */
export type Limit = Figure | 'unlimited'

/** One ceiling of a node and what is used of it; each may be unknown for itself. */
export interface AuditCeiling {
  readonly limit: Limit
  readonly inUse: Figure
}

/** `node` is min(pid_max, threads-max), `kubepods` the pids.max of the cgroup that holds all pods. */
export type AuditCeilingName = 'node' | 'kubepods'

/** What one kubelet is configured with, as far as it bounds PIDs. */
export interface AuditKubelet {
  /** podPidsLimit. */
  readonly podPidsLimit: Pids | 'unlimited'
  /** systemReserved.pid and kubeReserved.pid together; null where they are not plain counts. */
  readonly reserved: Figure
  /** evictionHard `pid.available` as it is written; null: not set, so PIDPressure never turns true. */
  readonly eviction: string | null
}

/** One node. Fullest first; nodes of which nothing is known come last. */
export interface AuditNode {
  readonly node: string
  readonly host: AuditCeiling
  readonly kubepods: AuditCeiling
  /** The ceiling with the least free. */
  readonly tightest: AuditCeilingName | null
  /** Share in use of the ceiling that is closest to its limit, from 0. */
  readonly used: number | null
  /** In use at the tightest ceiling, and what pods there have not shown yet of their estimates. */
  readonly committed: Figure
  /** PIDs that the policy keeps free there. */
  readonly floor: Figure
  /** What fits above the floor at both ceilings; below 0 when the floor is used already. */
  readonly free: Limit
  /** Of the reading, when the audit was taken. */
  readonly age: Millis | null
  /** Pods on it that run. */
  readonly pods: number
  readonly biggest: { readonly namespace: string; readonly name: string; readonly pids: Pids } | null
  /** The workload whose pods there hold the most together, with how many of them are read. */
  readonly biggestWorkload:
    | (AuditOwner & { readonly namespace: string; readonly pids: Pids; readonly pods: number })
    | null
  /** The PIDPressure condition. */
  readonly pidPressure: boolean | null
  /** null: its configuration could not be read. */
  readonly kubelet: AuditKubelet | null
  /** Why something is not known, in words; empty when all is. */
  readonly missing: readonly string[]
}

/** The workload people know a pod by. */
export interface AuditOwner {
  readonly kind: string
  readonly name: string
}

/** One of the pods that hold the most tasks. */
export interface AuditPod {
  readonly namespace: string
  readonly name: string
  readonly workload: AuditOwner
  readonly node: string
  readonly pids: Pids
  /** Of the lower ceiling of its node, from 0; null where that is not known. */
  readonly share: number | null
  /** pids.max of the pod itself; null: none, or not known. */
  readonly limit: Figure
}

/** One of the workloads whose pods hold the most tasks together. */
export interface AuditWorkload {
  readonly namespace: string
  readonly kind: string
  readonly name: string
  readonly pids: Pids
  /** The largest of its pods. */
  readonly peak: Pids
  readonly pods: number
  /** Of how many of its pods the tasks are known. */
  readonly read: number
  readonly nodes: number
}

/** One thing wrong with one object: that of a controller and its children stands here once. */
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
  readonly object: ObjectName
  /** Pods of it that have the same; 0 where the object itself was looked at and no pod has it. */
  readonly children: number
  /** Against the earlier report; null without one. */
  readonly change: 'new' | 'unchanged' | null
}

/**
 * Something to do, the most urgent first: what helps a node that is short of PIDs now comes before all else. What to do
 * stands in the rule's remedy.
 */
export interface AuditAction {
  readonly ruleId: string
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
  readonly judged: number
  /** Every rule there is, with the objects it judged; 0: it was not asked, or nothing was there for it. */
  readonly judgedByRule: readonly { readonly ruleId: string; readonly objects: number }[]
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
  /** Findings of the earlier report that nobody can tell of, because this one could not look there. */
  readonly unknown: number
  /** What nodes used then. */
  readonly nodes: readonly Pick<AuditNode, 'node' | 'host' | 'kubepods' | 'used'>[]
}

/** Where the audit looked. */
export interface AuditSource {
  readonly kind: 'cluster' | 'dump'
  /** The address of the API server, or the files. */
  readonly name: string
  /** Who told what nodes use; null: nobody was asked. */
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
  /** 0 clean, 1 findings that count, 4 none of these, but parts could not be looked at. */
  readonly exitCode: number
  readonly summary: AuditSummary
  readonly actions: readonly AuditAction[]
  /** The words of every rule that was asked. */
  readonly rules: readonly RuleText[]
  /** By level, rule, namespace, kind, name and pointer. */
  readonly findings: readonly AuditFinding[]
  readonly gaps: readonly AuditGap[]
  /** Rules that could not be judged on some objects. Skipped is not passed. */
  readonly skips: readonly Unjudged[]
  readonly faults: readonly AuditFault[]
  readonly exempted: readonly Unjudged[]
  readonly nodes: readonly AuditNode[]
  /** At most `mostTop`, the biggest first. */
  readonly pods: readonly AuditPod[]
  /** At most `mostTop`, the biggest first. */
  readonly workloads: readonly AuditWorkload[]
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
 * By this a finding is known again in a later report: the rule, the object, and the field by its names, for its number
 * in a list is another when something is put in front of it.
 */
export function identityOf(finding: Pick<AuditFinding, 'ruleId' | 'object' | 'pointer' | 'field'>): string {
  const { ruleId, object, pointer, field = pointer } = finding
  return [ruleId, object.kind, object.namespace, object.name, field].join(' ')
}

/** The report for programs; manifests/audit.schema.json describes it. */
export function renderAuditJson(report: AuditReport): string {
  return `${JSON.stringify(report, null, 2)}\n`
}
