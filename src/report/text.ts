import {
  objectText,
  type Place,
  placeText,
  plural,
  type Report,
  type ReportFinding,
  skipText,
  summaryOf
} from './validate-report.ts'

export type Style = 'red' | 'yellow' | 'cyan' | 'bold' | 'dim' | 'green'
/** Puts colour on, or does not. */
export type Paint = (style: Style, text: string) => string

export const plain: Paint = (_style, text) => text

const codes: Readonly<Record<Style, number>> = { red: 31, yellow: 33, cyan: 36, bold: 1, dim: 2, green: 32 }
export const coloured: Paint = (style, text) => `\u001b[${codes[style]}m${text}\u001b[0m`

/** The report for people, each finding with its line, as a compiler shows it. */
export function renderText(report: Report, paint: Paint = plain): string {
  const told = new Set<string>()
  const blocks: string[] = [
    ...report.problems.map((problem) => block(paint('red', 'error'), problem.message, problem.place, '', [], paint)),
    ...report.faults.map(({ ruleId, message, object, place }) =>
      block(paint('red', `failed[${ruleId}]`), message, place, objectText(object), [], paint)
    ),
    ...report.findings
      .filter(({ accepted }) => accepted === undefined)
      .map((finding) => findingBlock(finding, told, paint)),
    ...report.changes.map(({ ruleIds, object, place, lines }) =>
      block(
        paint('cyan', 'change'),
        `the webhook would store this otherwise (${ruleIds.join(', ')})`,
        place,
        objectText(object),
        lines,
        paint
      )
    )
  ]
  return `${[...blocks, ...footOf(report, paint)].join('\n')}\n`
}

function findingBlock(finding: ReportFinding, told: Set<string>, paint: Paint): string {
  const { ruleId, action, reason, detail, remedy, object, place } = finding
  // What to do is the same each time; it is said once.
  const help = told.has(ruleId) ? [] : [`help: ${remedy}`]
  told.add(ruleId)
  const style = action === 'deny' ? 'red' : action === 'warn' ? 'yellow' : 'cyan'
  return block(paint(style, `${action}[${ruleId}]`), `${reason} (${detail})`, place, objectText(object), help, paint)
}

function block(
  head: string,
  message: string,
  place: Place,
  object: string,
  more: readonly string[],
  paint: Paint
): string {
  const excerpt = shown(place.excerpt)
  const gutter = ' '.repeat(String(place.line).length)
  const bar = paint('dim', '|')
  const lines = [
    `${head}: ${paint('bold', shown(message).replaceAll('\n', ' '))}`,
    `${gutter}${paint('dim', '-->')} ${placeText(place)}${object === '' ? '' : `  ${shown(object)}`}`
  ]
  if (place.source !== undefined) lines.push(`${gutter} ${paint('dim', '=')} made from ${place.source}`)
  if (place.line > 0 && excerpt.trim() !== '') {
    lines.push(`${gutter} ${bar}`, `${paint('dim', String(place.line))} ${bar} ${excerpt}`)
    lines.push(`${gutter} ${bar} ${indentOf(place)}${paint('red', '^'.repeat(Math.max(1, place.length)))}`)
  }
  for (const line of more) lines.push(`${gutter} ${paint('dim', '=')} ${line}`)
  return `${lines.join('\n')}\n`
}

/** A terminal would obey control characters that a manifest brings along. */
function shown(text: string): string {
  return text.replace(/[^\t\n\u0020-\u007e\u00a0-\u{10ffff}]/gu, '�')
}

/** As wide as what stands before the column: tabs stay tabs, so the mark is under its word in every terminal. */
function indentOf({ excerpt, column }: Place): string {
  return excerpt.slice(0, column - 1).replace(/[^\t]/g, ' ')
}

function footOf(report: Report, paint: Paint): string[] {
  const { counts, changes } = report
  return [
    ...report.skips.map(skipText),
    ...report.exempted.map(
      ({ ruleId, reason, objects }) => `exempt: ${plural(objects, 'object')} from ${ruleId}: ${reason}`
    ),
    ...(counts.changed > changes.length
      ? [`note: the webhook would store ${plural(counts.changed, 'object')} otherwise; pidguard mutate shows how`]
      : []),
    ...report.notes.map((note) => `note: ${note}`),
    paint(report.exitCode === 0 ? 'green' : 'bold', summaryOf(report))
  ]
}
