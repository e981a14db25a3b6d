import {
  changeText,
  countingFindings,
  objectText,
  originOf,
  type Place,
  type Report,
  type ReportFinding,
  summaryOf
} from './validate-report.ts'

const commands: Readonly<Record<ReportFinding['action'], string>> = { deny: 'error', warn: 'warning', audit: 'notice' }

/**
 * Workflow commands of GitHub Actions: an annotation at each line of the pull request. GitHub shows ten of each level
 * for a step, so what denies comes first.
 */
export function renderGithub(report: Report): string {
  const order = Object.keys(commands)
  const findings = [...countingFindings(report)].sort((a, b) => order.indexOf(a.action) - order.indexOf(b.action))
  const lines = [
    ...report.problems.map(({ message, place, object }) =>
      command('error', place, 'pidguard', object === undefined ? message : `${objectText(object)}: ${message}`)
    ),
    ...report.faults.map(({ ruleId, message, place }) => command('error', place, `${ruleId} failed`, message)),
    ...findings.map(({ action, ruleId, reason, detail, remedy, object, place }) =>
      command(commands[action], place, `${ruleId}: ${reason}`, `${objectText(object)}: ${detail}\n${remedy}`)
    ),
    ...report.changes.map((change) =>
      command(
        'warning',
        change.place,
        'pidguard would change this',
        `${objectText(change.object)}: ${changeText(change)}\n${change.lines.join('\n')}`
      )
    ),
    ...report.notes.map((note) => `::notice title=pidguard::${escaped(note)}`)
  ]
  return `${[...lines, `::notice title=pidguard::${escaped(summaryOf(report))}`].join('\n')}\n`
}

function command(name: string, place: Place, title: string, message: string): string {
  const { file, line, column, length, isStream, source } = originOf(place)
  const lines = line === 0 ? '' : `,line=${line},col=${column},endColumn=${column + length}`
  // A stream is no file of the repository: an annotation without one is shown with the run.
  const where = isStream && source === undefined ? '' : `file=${property(file)}${lines},`
  return `::${name} ${where}title=${property(title)}::${escaped(message)}`
}

/** Control characters but for tabs and line ends: whoever reads the log in a terminal would have it obey them. */
const control = /[^\t\n\r\u0020-\u007e\u00a0-\uffff]/
const allControls = new RegExp(control, 'g')

/** As actions/toolkit packages/core/src/command.ts escapes data. */
function escaped(text: string): string {
  const plain = control.test(text) ? text.replace(allControls, '�') : text
  return plain.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
