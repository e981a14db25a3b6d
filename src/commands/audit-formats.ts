import { writeText } from '../host/files/input-files.ts'
import { print } from '../host/stdout.ts'
import type { AuditReport } from '../report/audit/audit-report.ts'
import { coloured, plain } from '../report/text.ts'
import type { Output } from '../validate/output-flags.ts'

/** What `pidguard audit -o` takes. */
export const auditFormats = ['text', 'json', 'sarif', 'junit', 'markdown', 'csv', 'html', 'totals'] as const
type AuditFormat = (typeof auditFormats)[number]

interface TextStyle {
  /** Only what makes the exit code. */
  readonly isQuiet: boolean
  readonly toTerminal: boolean
}

/** Loaded when asked for: a run pays for the formats it writes. */
const renderers: Readonly<Record<AuditFormat, (style: TextStyle) => Promise<(report: AuditReport) => string>>> = {
  text: async ({ isQuiet, toTerminal }) => {
    const { renderAuditText, renderQuietAudit } = await import('../report/audit/text.ts')
    const render = isQuiet ? renderQuietAudit : renderAuditText
    return (report) => render(report, toTerminal && !process.env['NO_COLOR'] ? coloured : plain)
  },
  json: async () => (await import('../report/audit/audit-report.ts')).renderAuditJson,
  sarif: async () => {
    const [{ renderSarif }, { byLevel, findingsReportOf }] = await Promise.all([
      import('../report/sarif.ts'),
      import('../report/audit/as-validate-report.ts')
    ])
    return (report) => renderSarif(findingsReportOf(report, byLevel))
  },
  junit: async () => {
    const [{ renderJunit }, { byThreshold, findingsReportOf }] = await Promise.all([
      import('../report/junit.ts'),
      import('../report/audit/as-validate-report.ts')
    ])
    return (report) => renderJunit(findingsReportOf(report, byThreshold(report)))
  },
  markdown: async () => (await import('../report/audit/markdown.ts')).renderAuditMarkdown,
  csv: async () => (await import('../report/audit/csv.ts')).renderAuditCsv,
  html: async () => (await import('../report/audit/html/page.ts')).renderAuditHtml,
  totals: async () => (await import('../report/audit/totals.ts')).renderAuditTotals
}

/** Writes the report to its file, or to standard output; `quiet` is for the text there. */
export async function writeAudit(
  { format, file }: Output<AuditFormat>,
  report: AuditReport,
  { color = true, quiet = false }: { readonly color?: boolean; readonly quiet?: boolean }
): Promise<void> {
  const isQuiet = quiet && file === undefined
  const render = await renderers[format]({ isQuiet, toTerminal: color && file === undefined && process.stdout.isTTY })
  if (file === undefined) print(render(report))
  else writeText(file, render(report))
}
