import { type AuditFinding, type AuditReport, type AuditSince, identityOf } from '../report/audit.ts'

export interface Compared {
  readonly findings: readonly AuditFinding[]
  readonly since: AuditSince
}

/** What this audit can tell of: an earlier finding that is not there any more is only fixed where it was looked for. */
export interface Sight {
  /** Rules that could not be judged on some object. */
  readonly skipped: ReadonlySet<string>
  /** Kinds that could not be read. */
  readonly unread: ReadonlySet<string>
}

/** The findings, each marked as new or known, and what became of those of the earlier report. */
export function compare(findings: readonly AuditFinding[], earlier: AuditReport, sight: Sight): Compared {
  const known = new Set(earlier.findings.map(identityOf))
  const marked = findings.map((finding) => ({
    ...finding,
    change: known.has(identityOf(finding)) ? ('unchanged' as const) : ('new' as const)
  }))
  const present = new Set(marked.map(identityOf))
  const gone = earlier.findings.filter((finding) => !present.has(identityOf(finding)))
  const fixed = gone.filter(({ ruleId, object }) => !sight.skipped.has(ruleId) && !sight.unread.has(object.kind))
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
