import { type AuditFinding, type AuditReport, type AuditSince, identityOf } from '../../report/audit/audit-report.ts'
import type { Coverage } from '../coverage.ts'

export interface Compared {
  readonly findings: readonly AuditFinding[]
  readonly since: AuditSince
}

/** The findings, each marked as new or known, and what became of those of the earlier report. */
export function compare(
  findings: readonly AuditFinding[],
  earlier: AuditReport,
  coverage: Pick<Coverage, 'covers'>
): Compared {
  const known = new Set(earlier.findings.map(identityOf))
  const marked = findings.map((finding) => ({
    ...finding,
    change: known.has(identityOf(finding)) ? ('unchanged' as const) : ('new' as const)
  }))
  const present = new Set(marked.map(identityOf))
  const gone = earlier.findings.filter((finding) => !present.has(identityOf(finding)))
  const fixed = gone.filter(({ ruleId, object }) => coverage.covers(object, [ruleId]))
  const unchanged = marked.filter(({ change }) => change === 'unchanged').length
  return {
    findings: marked,
    since: {
      takenAt: earlier.takenAt,
      levels: earlier.summary.levels,
      new: marked.length - unchanged,
      unchanged,
      fixed,
      unknown: gone.length - fixed.length,
      nodes: earlier.nodes.map(({ node, host, kubepods, used }) => ({ node, host, kubepods, used }))
    }
  }
}
