import {
  countingFindings,
  objectText,
  placeText,
  type Report,
  type ReportFinding,
  skipText,
  summaryOf
} from './validate-report.ts'

/**
 * JUnit XML: a suite for each file, a test case for each finding, as Jenkins and GitLab show them; and one for what was
 * skipped, which belongs to no file.
 */
export function renderJunit(report: Report): string {
  const told = casesOf(report)
  const cases = [...told, ...report.skips.map(skipCase)]
  // A run without a finding is one test that passed: an empty report looks like one that never ran. But what could not
  // be looked at may be wrong all the same, so where the run is not clean for that, nothing passes.
  if (told.length === 0 && report.exitCode === 0) {
    cases.unshift({ file: wholeRun, name: summaryOf(report), result: '', kind: 'pass' })
  }
  const byFile = new Map<string, Case[]>()
  for (const item of cases) byFile.set(item.file, [...(byFile.get(item.file) ?? []), item])
  const suites = [...byFile].map(([file, items]) => suite(file, items))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="pidguard">\n${suites.join('')}</testsuites>\n`
}

/** The suite of what is no matter of one file. */
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
    ...report.problems.map(({ message, place }) => ({
      file: place.file,
      name: 'reading',
      kind: 'error' as const,
      result: element('error', { message, type: 'problem' }, placeText(place))
    })),
    ...report.faults.map(({ ruleId, message, object, place }) => ({
      file: place.file,
      name: `${ruleId} ${objectText(object)}`,
      kind: 'error' as const,
      result: element('error', { message, type: ruleId }, placeText(place))
    })),
    ...report.findings.map((finding) => findingCase(finding, counting.has(finding)))
  ]
}

function skipCase(skip: Report['skips'][number]): Case {
  const name = `${skip.ruleId}: ${skip.reason}`
  return { file: wholeRun, name, kind: 'skipped', result: element('skipped', {}, skipText(skip)) }
}

function findingCase(finding: ReportFinding, counts: boolean): Case {
  const { ruleId, action, reason, detail, remedy, object, place, accepted } = finding
  const name = `${ruleId} ${objectText(object)}`
  const text = `${placeText(place)}\n${detail}\n${remedy}`
  if (!counts) return { file: place.file, name, kind: 'skipped', result: element('skipped', {}, accepted ?? '') }
  if (action !== 'deny')
    return { file: place.file, name, kind: 'pass', result: element('system-out', {}, `${action}: ${reason}\n${text}`) }
  return {
    file: place.file,
    name,
    kind: 'failure',
    result: element('failure', { message: `${reason} (${detail})`, type: ruleId }, text)
  }
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
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escaped(value).replaceAll('\n', '&#10;')}"`)
    .join('')
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** XML 1.0 has no way to write most control characters and lone surrogates, so they go. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, (character) => entities[character] as string)
}
