import { type Action, fails, type ObjectName, type Place, type Report } from '../validate-report.ts'
import type { AuditFinding, AuditGap, AuditReport } from './audit-report.ts'

/** The action of a finding, as a report of `validate` has it. */
type ActionOf = (finding: AuditFinding) => Action

/** By its level: what the webhook would fix is a warning until it is fixed. */
export const byLevel: ActionOf = ({ level }) => (level === 'change' ? 'warn' : level)

/** By whether it makes the run fail, for formats of test results. */
export function byThreshold({ failOn }: AuditReport): ActionOf {
  return ({ level, change }) => (change !== 'unchanged' && fails(failOn, level) ? 'deny' : 'audit')
}

/** An audit as a report of `validate`, for the formats that name files: the name of the object takes the place of the file. */
export function findingsReportOf(audit: AuditReport, actionOf: ActionOf): Report {
  const { version, rules, gaps, skips, exempted, notes, summary, exitCode } = audit
  const remedies = new Map(rules.map(({ id, remedy }) => [id, remedy]))
  return {
    version,
    rules,
    findings: audit.findings.map((finding) => {
      const { ruleId, reason, detail, pointer, field, remedy, object, children } = finding
      return {
        ruleId,
        action: actionOf(finding),
        reason,
        detail: children === 0 ? detail : `${detail}; ${children} of its pods`,
        remedy: remedy ?? remedies.get(ruleId) ?? '',
        pointer,
        ...(field === undefined ? undefined : { field }),
        object,
        place: placeOf(object)
      }
    }),
    changes: [],
    problems: gaps.map((gap) => ({ message: gapText(gap), place: wholePlace(gap.part) })),
    faults: audit.faults.map((fault) => ({ ...fault, place: placeOf(fault.object) })),
    skips,
    exempted,
    notes,
    unchecked: [],
    counts: {
      files: 0,
      objects: summary.checked,
      checked: summary.checked,
      podRulesOff: 0,
      otherKinds: 0,
      changed: 0
    },
    // By now an action of deny is what fails the run.
    failOn: 'deny',
    exitCode
  }
}

function gapText({ part, reason, detail, nodes }: AuditGap): string {
  return `${part} could not be read${nodes === null ? '' : ` on ${nodes} nodes`}: ${reason}: ${detail}`
}

function placeOf({ kind, namespace, name }: ObjectName): Place {
  return wholePlace([namespace || 'cluster', kind, name].join('/'))
}

function wholePlace(file: string): Place {
  return { file, line: 0, column: 0, length: 0, excerpt: '' }
}
