import type { AuditReport } from './audit-report.ts'

const head = ['level', 'rule', 'kind', 'namespace', 'name', 'pods', 'reason', 'detail', 'pointer', 'change']

/** One line for each finding, as RFC 4180 has it: for spreadsheets. */
export function renderAuditCsv({ findings }: AuditReport): string {
  const rows = findings.map(({ level, ruleId, object, children, reason, detail, pointer, change }) => [
    level,
    ruleId,
    object.kind,
    object.namespace,
    object.name,
    String(children),
    reason,
    detail,
    pointer,
    change ?? ''
  ])
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

/** A spreadsheet takes a text that begins so for a formula, and a name may come from anybody. */
const formula = /^[=+\-@\t\r]/

function cell(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
