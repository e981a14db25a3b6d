import type { Place, Report, ReportFinding } from './validate-report.ts'

/** Changes when a field is renamed, removed or means something else; a new field changes nothing. */
export const findingsApiVersion = 'pidguard.io/findings/v1'

/** The report for programs; manifests/findings.schema.json describes it. */
export function renderJson(report: Report): string {
  const { version, counts, failOn, exitCode, notes, skips, exempted } = report
  return `${JSON.stringify(
    {
      apiVersion: findingsApiVersion,
      kind: 'Findings',
      version,
      failOn,
      exitCode,
      counts,
      findings: report.findings.map(findingOf),
      changes: report.changes.map(({ place, ...change }) => ({ ...change, ...whereOf(place) })),
      problems: report.problems.map(({ place, ...problem }) => ({ ...problem, ...whereOf(place) })),
      faults: report.faults.map(({ place, ...fault }) => ({ ...fault, ...whereOf(place) })),
      skips,
      exempted,
      notes
    },
    null,
    2
  )}\n`
}

function findingOf({ place, ...finding }: ReportFinding): object {
  return { ...finding, ...whereOf(place) }
}

/** Without the excerpt: it is for a person at the terminal, and may hold values that should not leave the machine. */
function whereOf({ file, line, column, source }: Place): object {
  return { file, ...(line === 0 ? undefined : { line, column }), ...(source === undefined ? undefined : { source }) }
}
