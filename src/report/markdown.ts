import { shown } from './text.ts'
import {
  countingFindings,
  objectText,
  placeAndSource,
  placeText,
  plural,
  type Report,
  type ReportFinding,
  summaryOf,
  verdictText
} from './validate-report.ts'

/** For a job summary or a comment: a table by rule, then what to do. */
export function renderMarkdown(report: Report): string {
  const parts = [
    `### pidguard: ${verdictText(report)}`,
    summaryOf(report),
    ...table(
      'Could not be checked',
      ['where', 'what'],
      [
        ...report.problems.map(({ message, place, object }) => [
          code(placeText(place)),
          escaped(object === undefined ? message : `${objectText(object)}: ${message}`)
        ]),
        ...report.faults.map(({ ruleId, message, place }) => [
          code(placeText(place)),
          escaped(`${ruleId} failed: ${message}`)
        ])
      ]
    ),
    ...findingTables(report),
    ...table(
      'Would be changed',
      ['object', 'where', 'what'],
      report.changes.map(({ object, place, lines }) => [
        escaped(objectText(object)),
        code(placeAndSource(place)),
        lines.map(code).join('<br>')
      ])
    ),
    ...list(report)
  ]
  return `${parts.join('\n\n')}\n`
}

/** The findings that count, for each rule and what to do a table. */
export function findingTables(report: Report): string[] {
  const counting = countingFindings(report)
  const rules = report.rules.filter(({ id }) => counting.some(({ ruleId }) => ruleId === id))
  return rules.flatMap(({ id, title }) => {
    const found = counting.filter(({ ruleId }) => ruleId === id)
    return [...Map.groupBy(found, ({ remedy }) => remedy)].flatMap(([remedy, group]) => [
      ...table(`${escaped(title)} (${code(id)})`, ['', 'object', 'where', 'found'], group.map(row)),
      escaped(remedy)
    ])
  })
}

function row({ action, object, place, reason, detail }: ReportFinding): string[] {
  return [action, escaped(objectText(object)), code(placeAndSource(place)), escaped(`${reason} (${detail})`)]
}

/** GitHub cuts a job summary at 1 MiB and a comment at 65,536 characters. */
const maxRows = 200

export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const shown = rows.slice(0, maxRows).map(line)
  const more = rows.length > maxRows ? [`and ${rows.length - maxRows} more`] : []
  return [`#### ${title}`, [line(head), line(head.map(() => '---')), ...shown].join('\n'), ...more]
}

function list({ skips, exempted, notes }: Report): string[] {
  const lines = [
    ...skips.map(
      ({ ruleId, reason, objects }) => `skipped: ${code(ruleId)} on ${plural(objects, 'object')}: ${escaped(reason)}`
    ),
    ...exempted.map(
      ({ ruleId, reason, objects }) => `exempt: ${plural(objects, 'object')} from ${code(ruleId)}: ${escaped(reason)}`
    ),
    ...notes.map((note) => `note: ${escaped(note)}`)
  ]
  return lines.length === 0 ? [] : [lines.map((line) => `- ${line}`).join('\n')]
}

export function code(text: string): string {
  return `\`${shown(text).replaceAll('`', "'").replaceAll('|', '\\|')}\``
}

/** Nothing out of a manifest may become markup, a mention or a link. */
export function escaped(text: string): string {
  return shown(text).replace(/[\\`*_{}[\]<>|#@~!]/g, '\\$&')
}
