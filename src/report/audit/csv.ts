import type { AuditReport } from './audit-report.ts'
import { remedyOf } from './phrases.ts'

const head = ['level', 'rule', 'kind', 'namespace', 'name', 'pods', 'reason', 'detail', 'pointer', 'change', 'remedy']

/** One line for each finding, as RFC 4180 has it: for spreadsheets. */
export function renderAuditCsv(report: AuditReport): string {
  const rows = report.findings.map((finding) => {
    const { level, ruleId, object, children, reason, detail, pointer, change } = finding
    return [
      level,
      ruleId,
      object.kind,
      object.namespace,
      object.name,
      String(children),
      reason,
      detail,
      pointer,
      change ?? '',
      remedyOf(report, finding)
    ]
  })
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

/** A spreadsheet takes a text that begins so for a formula, and any user may choose a name. */
const formula = /^[=+\-@\t\r]/

function cell(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
