import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Log } from 'sarif'
import { validateXML } from 'xmllint-wasm'
import type { AuditReport } from '../../src/report/audit/audit-report.ts'
import { readAuditTotals } from '../../src/report/audit/totals.ts'
import { projectFolder } from './sources.ts'

/** What is wrong with one rendering of a report; empty where nothing is. */
type Check = (text: string, report: AuditReport) => string[] | Promise<string[]>

const isReport = new Ajv2020({ formats: { 'date-time': true } }).compile(
  JSON.parse(readFileSync(join(projectFolder, 'manifests/audit.schema.json'), 'utf8'))
)
const junitSchema = readFileSync(join(projectFolder, 'test/fixtures/junit.xsd'), 'utf8')

/** Every format of `pidguard audit`, with what its schema, its standard or its readers ask of it. */
export const formatChecks: Readonly<Record<string, Check>> = {
  json(text, report) {
    const value: unknown = JSON.parse(text)
    return [
      ...(isReport(value) ? [] : [JSON.stringify(isReport.errors)]),
      ...(JSON.stringify(value) === JSON.stringify(report) ? [] : ['it is not the report'])
    ]
  },
  totals(text, report) {
    const held = readAuditTotals(text)
    const counted = held?.findings.reduce((sum, { findings }) => sum + findings, 0)
    return problems({
      'no totals': held === undefined,
      'more than a line': text.indexOf('\n') !== text.length - 1,
      [`${counted} findings`]: counted !== report.findings.length,
      'another exit code': held?.exitCode !== report.exitCode
    })
  },
  sarif(text, { findings, gaps, skips, exitCode }) {
    // The compiler holds the renderer to the types that are made from the schema of SARIF 2.1.0; here what it cannot see.
    const { version, $schema, runs } = JSON.parse(text) as Log
    const [run, ...others] = runs
    const [results, rules] = [run?.results ?? [], run?.tool.driver.rules ?? []]
    const lost = results.filter(({ ruleId, ruleIndex }) => rules[ruleIndex ?? -1]?.id !== ruleId)
    const mute = results.filter(({ message, locations, level }) => {
      const uri = locations?.[0]?.physicalLocation?.artifactLocation?.uri
      return !message.text || !uri || !URL.canParse(uri, 'file:///') || !/^(error|warning|note|none)$/.test(level ?? '')
    })
    const [invocation] = run?.invocations ?? []
    return problems({
      'another version': version !== '2.1.0' || !$schema?.endsWith('sarif-schema-2.1.0.json') || others.length > 0,
      'a result points to another rule': lost.length > 0,
      'a result without text, place or level': mute.length > 0,
      [`${results.length} results`]: results.length !== findings.length,
      'what could not be looked at is not told':
        (invocation?.toolExecutionNotifications ?? []).length < gaps.length + skips.length,
      'another exit code': invocation?.exitCode !== exitCode
    })
  },
  async junit(text, { findings, skips, exitCode }) {
    const { errors } = await validateXML({ xml: { fileName: 'report.xml', contents: text }, schema: junitSchema })
    const told = text.split('<failure ').length + text.split('<system-out>').length - 2
    return [
      ...errors.map(({ message }) => message),
      ...problems({
        'findings without a failure': findings.length > 0 && told === 0,
        'what was skipped is not told': text.split('<skipped>').length - 1 < skips.length,
        'a test that says nothing passes': exitCode === 4 && /<testcase [^>]*\/>/.test(text)
      })
    ]
  },
  csv(text, { findings }) {
    const rows = csvRows(text)
    const [head = []] = rows
    return problems({
      'no head': head[0] !== 'level',
      'rows of several lengths': rows.some((row) => row.length !== head.length),
      [`${rows.length} rows`]: rows.length !== findings.length + 1
    })
  },
  markdown(text, { findings, source }) {
    const lines = text.split('\n')
    // A cell more or less shifts all that follow; a bar within a cell is escaped.
    const ragged = lines.filter((line, i) => {
      const before = lines[i - 1] ?? ''
      return line.startsWith('|') && before.startsWith('|') && cellsOf(line) !== cellsOf(before)
    })
    const rows = lines.filter((line) => /^\| (deny|warn|change|audit) \|/.test(line))
    return problems({
      'no verdict': !text.startsWith('**'),
      'no head': !text.includes('\n### Audit of ') || !text.includes(source.name),
      [`a table of several widths: ${ragged[0]}`]: ragged.length > 0,
      [`${rows.length} rows of findings`]: rows.length !== findings.length,
      'markup of HTML': /<[a-z/!]/i.test(text.replace(/`[^`\n]*`/g, ''))
    })
  },
  text(text, { findings, gaps, rules }) {
    const ids = new Set(findings.map(({ ruleId }) => ruleId))
    const untold = rules.filter(({ id }) => ids.has(id) && !text.includes(`[${id}]`))
    return problems({
      'no head': !text.includes('\nAudit of '),
      'codes of a terminal': /[^\P{Cc}\n]/u.test(text),
      'parts that could not be read are not told': gaps.length > 0 && !text.includes('not complete: '),
      [`nothing of ${untold[0]?.id}`]: untold.length > 0
    })
  },
  html(text, { findings }) {
    const tags = text.match(/<[a-z!][^>]*>/gi)?.join('\n') ?? ''
    // What the page itself says and links to: a rule's name can be any word, so its being somewhere in the page shows nothing.
    const table = text.slice(text.indexOf('data-table="findings-table"'))
    const counted = Number(
      / data-status>(?:[\d,]+ of )?([\d,]+) findings?\.</.exec(table)?.[1]?.replaceAll(',', '') ?? 0
    )
    const linked = new Set(Array.from(text.matchAll(/ data-column="Rule" data-value="([^"]+)"/g), ([, id]) => id))
    const missing = new Set(findings.map(({ ruleId }) => ruleId).filter((id) => !linked.has(id)))
    return problems({
      'no page': !/^<!DOCTYPE html>/i.test(text) || !text.trimEnd().endsWith('</html>'),
      'no security policy': !tags.includes("default-src 'none'"),
      'it asks for something outside': /\s(src|srcset|action|poster|data)=|<(link|img|iframe|object|base)\b/.test(tags),
      'more than 5 MB': Buffer.byteLength(text) > 5_000_000,
      [`${counted} findings`]: counted !== findings.length,
      [`nothing of ${[...missing].join(', ')}`]: missing.size > 0
    })
  }
}

/** What holds of these, which it should not. */
function problems(found: Readonly<Record<string, boolean>>): string[] {
  return Object.keys(found).filter((what) => found[what] === true)
}

function cellsOf(line: string): number {
  return line.replaceAll('\\|', '').split('|').length
}

/** As RFC 4180 has it; throws where a quote stands in the wrong place. */
function csvRows(text: string): string[][] {
  const field = /"((?:[^"]|"")*)"(,|\r\n)|([^",\r\n]*)(,|\r\n)/y
  const rows: string[][] = []
  let row: string[] = []
  while (field.lastIndex < text.length) {
    const at = field.lastIndex
    const match = field.exec(text)
    if (match === null) throw new Error(`no field of CSV at ${at}: ${text.slice(at, at + 40)}`)
    row.push(match[1]?.replaceAll('""', '"') ?? match[3] ?? '')
    if ((match[2] ?? match[4]) === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
