import { shown } from './text.ts'
import {
  changeText,
  countingFindings,
  type FailOn,
  fails,
  objectText,
  type Place,
  placeAndSource,
  placeText,
  type Report,
  type ReportFinding,
  skipText,
  summaryOf,
  verdictText
} from './validate-report.ts'

/**
 * JUnit XML: a suite for each file, a test case for each finding, as Jenkins and GitLab show them; and one for what was
 * skipped, which belongs to no file.
 */
export function renderJunit(report: Report): string {
  const found = casesOf(report)
  const cases = [...found, ...report.skips.map(skipCase), ...report.unchecked.map(noteCase)]
  // A run without a finding is one test that passed: an empty report looks like one that never ran. A run that could not
  // check everything is not clean, so it has no such test.
  if (found.length === 0 && report.exitCode === 0) {
    const isChecked = report.counts.checked > 0
    const result = isChecked ? '' : element('skipped', {}, verdictText(report))
    cases.unshift({ file: wholeRun, name: summaryOf(report), result, kind: isChecked ? 'pass' : 'skipped' })
  }
  const suites = [...Map.groupBy(cases, ({ file }) => file)].map(([file, items]) => suite(file, items))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="pidguard">\n${suites.join('')}</testsuites>\n`
}

/** The suite of cases that belong to no file. */
const wholeRun = 'pidguard'

interface Case {
  readonly file: string
  readonly name: string
  readonly result: string
  readonly kind: 'pass' | 'failure' | 'error' | 'skipped'
}

function casesOf(report: Report): Case[] {
  const counting = new Set(countingFindings(report))
  return [
    ...report.problems.map(({ message, place, object }) => ({
      file: place.file,
      name: object === undefined ? 'reading' : `reading ${objectText(object)}`,
      kind: 'error' as const,
      result: element('error', { message, type: 'problem' }, placeText(place))
    })),
    ...report.faults.map(({ ruleId, message, object, place }) => ({
      file: place.file,
      name: `${ruleId} ${objectText(object)}`,
      kind: 'error' as const,
      result: element('error', { message, type: ruleId }, placeText(place))
    })),
    ...report.findings.map((finding) => findingCase(finding, counting.has(finding), report.failOn)),
    ...report.changes.map((change) => {
      const { object, place, lines, ruleIds } = change
      const text = [whereOf(place), ...lines].join('\n')
      const result = element('failure', { message: changeText(change), type: ruleIds.join(' ') }, text)
      return { file: place.file, name: `change ${objectText(object)}`, kind: 'failure' as const, result }
    })
  ]
}

function skipCase(skip: Report['skips'][number]): Case {
  const name = `${skip.ruleId}: ${skip.reason}`
  return { file: wholeRun, name, kind: 'skipped', result: element('skipped', {}, skipText(skip)) }
}

function noteCase(note: string): Case {
  return { file: wholeRun, name: note, kind: 'skipped', result: element('skipped', {}, 'not checked') }
}

/** The test fails where the finding makes the run fail, so both say the same. */
function findingCase(finding: ReportFinding, counts: boolean, failOn: FailOn): Case {
  const { ruleId, action, reason, detail, remedy, object, place, accepted } = finding
  const name = `${ruleId} ${objectText(object)}`
  const text = `${whereOf(place)}\n${detail}\n${remedy}`
  if (!counts) return { file: place.file, name, kind: 'skipped', result: element('skipped', {}, accepted ?? '') }
  if (!fails(failOn, action))
    return { file: place.file, name, kind: 'pass', result: element('system-out', {}, `${action}: ${reason}\n${text}`) }
  return {
    file: place.file,
    name,
    kind: 'failure',
    result: element('failure', { message: `${reason} (${detail})`, type: ruleId }, text)
  }
}

/** On one line, whatever the name of the file: a runner that prints the report would obey a line of its own. */
function whereOf(place: Place): string {
  return shown(placeAndSource(place))
}

function suite(file: string, cases: readonly Case[]): string {
  const count = (kind: Case['kind']): string => String(cases.filter((item) => item.kind === kind).length)
  const attributes = {
    name: file,
    tests: String(cases.length),
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped')
  }
  const inner = cases.map(
    ({ name, result }) => `    ${element('testcase', { name, classname: file }, undefined, result)}\n`
  )
  return `  <testsuite${attributesOf(attributes)}>\n${inner.join('')}  </testsuite>\n`
}

/** An element with text, or with markup that is escaped already. */
function element(name: string, attributes: Readonly<Record<string, string>>, text?: string, markup = ''): string {
  const content = text === undefined ? markup : escaped(text)
  return content === ''
    ? `<${name}${attributesOf(attributes)}/>`
    : `<${name}${attributesOf(attributes)}>${content}</${name}>`
}

function attributesOf(attributes: Readonly<Record<string, string>>): string {
  let written = ''
  for (const name in attributes) {
    const value = escaped(attributes[name] ?? '')
    written += ` ${name}="${/[\n\r]/.test(value) ? value.replaceAll('\n', '&#10;').replaceAll('\r', '&#13;') : value}"`
  }
  return written
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Most texts have none of these; half of a pair of UTF-16 may be one. */
const unescaped = /[&<>"]|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/

/** XML 1.0 has no way to write most control characters and lone surrogates, so they go. */
function escaped(text: string): string {
  if (!unescaped.test(text)) return text
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, (character) => entities[character] as string)
}
