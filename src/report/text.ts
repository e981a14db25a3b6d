import {
  changeText,
  type ObjectName,
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
  const explained = new Map<string, Set<string>>()
  const blocks: string[] = [
    ...report.problems.map((problem) =>
      block(paint('red', 'error'), problem.message, problem.place, nameOf(problem.object), [], paint)
    ),
    ...report.faults.map(({ ruleId, message, object, place }) =>
      block(paint('red', `failed[${ruleId}]`), message, place, objectText(object), [], paint)
    ),
    ...report.findings
      .filter(({ accepted }) => accepted === undefined)
      .map((finding) => findingBlock(finding, explained, paint)),
    ...report.changes.map((change) =>
      block(paint('cyan', 'change'), changeText(change), change.place, objectText(change.object), change.lines, paint)
    )
  ]
  return `${[...blocks, ...footOf(report, paint)].join('\n')}\n`
}

function nameOf(object: ObjectName | undefined): string {
  return object === undefined ? '' : objectText(object)
}

function findingBlock(finding: ReportFinding, explained: Map<string, Set<string>>, paint: Paint): string {
  const { ruleId, action, reason, detail, remedy, object, place } = finding
  // The remedy of a rule is mostly the same each time: each is printed once.
  const said = explained.get(ruleId) ?? new Set<string>()
  const help = said.has(remedy) ? [] : [`help: ${remedy}`]
  if (help.length > 0) explained.set(ruleId, said.add(remedy))
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
    `${head}: ${paint('bold', shown(message))}`,
    `${gutter}${paint('dim', '-->')} ${shown(placeText(place))}${object === '' ? '' : `  ${shown(object)}`}`
  ]
  if (place.source !== undefined) lines.push(`${gutter} ${paint('dim', '=')} made from ${shown(place.source)}`)
  if (place.line > 0 && excerpt.trim() !== '') {
    lines.push(`${gutter} ${bar}`, `${paint('dim', String(place.line))} ${bar} ${excerpt}`)
    lines.push(`${gutter} ${bar} ${indentOf(place)}${paint('red', '^'.repeat(Math.max(1, place.length)))}`)
  }
  for (const line of more) lines.push(`${gutter} ${paint('dim', '=')} ${shown(line)}`)
  return `${lines.join('\n')}\n`
}

/** Control characters. Nearly no text has one, and to look first takes two thirds of the time that replacing takes. */
const unshown = /[^\t\u0020-\u007e\u00a0-\uffff]/
const allUnshown = new RegExp(unshown, 'g')

/** Replaces control characters: a terminal would obey those that a manifest holds. */
export function shown(text: string): string {
  return unshown.test(text) ? text.replaceAll('\n', ' ').replace(allUnshown, '�') : text
}

/**
 * Text that GitHub's runner does not take for a command: it obeys a line that begins with `::`, and `##[` anywhere
 * (actions/runner ActionCommand.cs). A zero-width space breaks both.
 */
export function withoutCommands(text: string): string {
  return text.replace(/^([ \t]*):(?=:)/gm, '$1:\u200b').replaceAll('##[', '##\u200b[')
}

/** Spaces as wide as the text before the column. Tabs stay tabs, so the mark is under its word in every terminal. */
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
      ? [`note: the webhook would change ${plural(counts.changed, 'object')}; pidguard mutate shows how`]
      : []),
    ...report.notes.map((note) => `note: ${shown(note)}`),
    paint(report.exitCode === 0 ? 'green' : 'bold', summaryOf(report))
  ]
}
