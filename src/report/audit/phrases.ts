import { percentText } from '../../lib/percent.ts'
import { sayHolders } from '../../model/holder-text.ts'
import type { Holder } from '../../model/task-places.ts'
import { objectText, plural, skipText } from '../validate-report.ts'
import type { AuditCeiling, AuditHolder, AuditNode, Limit } from './audit-fleet.ts'
import type { AuditReport } from './audit-report.ts'

/** How full a ceiling is: `1006/1500`; what is not known is a question mark. */
export function ceilingText({ limit, inUse }: AuditCeiling): string {
  if (limit === 'unlimited' && inUse === null) return limit
  return limit === null && inUse === null ? '?' : `${inUse ?? '?'}/${limitText(limit)}`
}

export function limitText(limit: Limit): string {
  return limit === null ? '?' : String(limit)
}

/** `67%`; what is not known is a question mark. */
export function shareText(share: number | null): string {
  return share === null ? '?' : percentText(share)
}

/** What was looked at, and how much of it. */
export function scopeText({ summary }: AuditReport): string {
  const { nodes, nodesRead, pods, podsRead, checked } = summary
  return `${plural(nodes, 'node')} (${nodesRead} read), ${plural(pods, 'pod')} (threads known of ${podsRead}), ${plural(checked, 'object')} checked`
}

/** The findings by level. */
export function countsText({ summary, findings }: AuditReport): string {
  const { deny, warn, change, audit } = summary.levels
  return `${plural(findings.length, 'finding')}: ${deny} would be denied, ${plural(warn, 'warning')}, ${change} would be fixed, ${audit} recorded`
}

/** What changed since an earlier report: one line, or none without one. */
export function sinceLines({ since }: AuditReport): string[] {
  if (since === null) return []
  const { takenAt, unchanged, fixed, unknown } = since
  const rest = unknown === 0 ? '' : `, ${unknown} not looked for`
  return [`since ${takenAt}: ${since.new} new, ${unchanged} unchanged, ${fixed.length} fixed${rest}`]
}

/** What could not be looked at, one line for each; all lines together are empty where all was. */
export function missingLines({ gaps, skips, faults }: AuditReport): string[] {
  return [
    ...gaps.map(({ part, reason, detail, nodes }) => {
      const where = nodes === null ? '' : ` on ${plural(nodes, 'node')}`
      return `not read: ${part}${where}: ${reason}: ${detail}`
    }),
    ...skips.map(skipText),
    ...faults.map(({ ruleId, object, message }) => `failed: ${ruleId} on ${objectText(object)}: ${message}`)
  ]
}

/** What a reader may want to know besides. */
export function otherLines({ exempted, notes }: AuditReport): string[] {
  return [
    ...exempted.map(({ ruleId, reason, objects }) => `exempt: ${plural(objects, 'object')} from ${ruleId}: ${reason}`),
    ...notes.map((note) => `note: ${note}`)
  ]
}

/** What to do about an action or a finding; empty where the report does not say. */
export function remedyOf(
  { rules }: Pick<AuditReport, 'rules'>,
  { ruleId, remedy }: { readonly ruleId: string; readonly remedy?: string }
): string {
  return remedy ?? rules.find(({ id }) => id === ruleId)?.remedy ?? ''
}

/** The first sentence of it. */
export function firstStep(report: Pick<AuditReport, 'rules'>, about: Parameters<typeof remedyOf>[1]): string {
  const remedy = remedyOf(report, about)
  return /^.*?\.(?= [A-Z]|$)/s.exec(remedy)?.[0] ?? remedy
}

/** Who holds the tasks of a node, or that no one stands out; without a full stop. */
export function holdersText({ node, holders, workloads, biggestWorkload, biggestNamespace }: AuditNode): string {
  return sayHolders(node, holders.map(holderOf), {
    workloads,
    biggest: biggestWorkload?.pids ?? 0,
    namespace: biggestNamespace ?? undefined
  })
}

function holderOf({ place, workload, cgroup, pods = 0, pids }: AuditHolder): Holder {
  if (place === 'workload') {
    return { place, kind: '', namespace: '', name: '', pods: 0, terminating: 0, ...workload, pids }
  }
  if (place === 'unknown-pods') return { place, pods, pids }
  return place === 'unknown-pod' ? { place, cgroup: cgroup ?? '', pids } : { place, pids }
}
