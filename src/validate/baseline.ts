import { AppError } from '../errors.ts'
import { isRecord, type JsonRecord, nameOf } from '../lib/json/shape.ts'
import type { Millis } from '../lib/units.ts'
import { type ObjectName, plural, type ReportFinding } from '../report/validate-report.ts'
import { Locator, spotAt } from '../yaml/locator.ts'
import { readDocument } from '../yaml/read-document.ts'
import type { DocumentText } from '../yaml/split-stream.ts'
import { isDay } from './output-flags.ts'

const apiVersion = 'pidguard.io/v1alpha1'
const kind = 'Baseline'

/** A finding that was there before anybody looked, and is put up with for a while. */
export interface Acceptance {
  readonly rule: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly reason: string
  /** The last day on which it counts, as `2026-12-31`. */
  readonly expires: string
}

/** Old findings that do not make a run fail. Files may move; rule, kind, namespace and name are what counts. */
export class Baseline {
  readonly #source: string
  readonly #valid = new Map<string, Acceptance>()
  readonly #expired: number
  readonly #used = new Set<string>()

  constructor(source: string, accepted: readonly Acceptance[], now: Millis) {
    this.#source = source
    const valid = accepted.filter(({ expires }) => now < endOf(expires))
    for (const entry of valid) this.#valid.set(keyOf(entry.rule, entry), entry)
    this.#expired = accepted.length - valid.length
  }

  /** The reason why this finding does not count, if there is one. */
  accepts(ruleId: string, object: ObjectName): string | undefined {
    const key = keyOf(ruleId, object)
    const entry = this.#valid.get(key)
    if (entry !== undefined) this.#used.add(key)
    return entry?.reason
  }

  /** What whoever keeps the file should know. */
  notes(): string[] {
    const idle = this.#valid.size - this.#used.size
    return [
      ...(this.#expired > 0
        ? [
            `${this.#source}: ${plural(this.#expired, 'entry has expired and no longer counts', 'entries have expired and no longer count')}`
          ]
        : []),
      ...(idle > 0
        ? [`${this.#source}: ${plural(idle, 'entry matches', 'entries match')} no finding any more and can go`]
        : [])
    ]
  }
}

function keyOf(rule: string, { kind, namespace, name }: Pick<ObjectName, 'kind' | 'namespace' | 'name'>): string {
  return `${rule} ${kind} ${namespace} ${name}`
}

/** The first instant after the day, in UTC. */
function endOf(day: string): Millis {
  return Date.parse(day) + 24 * 60 * 60 * 1000
}

/** Reads a baseline. Throws ERR_BASELINE_INVALID with all its mistakes, each with line and column. */
export async function readBaseline(text: string, source: string): Promise<Acceptance[]> {
  const document: DocumentText = { text, line: 1 }
  const { values, mistakes } = await readDocument(document)
  const lines = mistakes.map(({ message, at }) => lineOf(source, spotAt(document, at), message))
  const read = values[0] ?? { value: undefined, start: 0, end: text.length, isJson: false }
  const { value } = read
  const found = lines.length > 0 ? [] : [...mistakesOf(value)]
  const locator = new Locator(document, read)
  for (const { pointer, message } of found) lines.push(lineOf(source, await locator.spotOf(pointer), message))
  if (lines.length > 0) throw new AppError('ERR_BASELINE_INVALID', lines.join('\n'))
  return ((value as JsonRecord)['accepted'] as JsonRecord[]).map(
    (entry) => ({ namespace: '', ...entry }) as unknown as Acceptance
  )
}

function lineOf(source: string, { line, column }: { line: number; column: number }, message: string): string {
  return `${source}:${line}:${column}: ${message}`
}

interface Wrong {
  readonly pointer: string
  readonly message: string
}

const fields = ['rule', 'kind', 'namespace', 'name', 'reason', 'expires']

function* mistakesOf(value: unknown): Generator<Wrong> {
  if (!isRecord(value) || value['apiVersion'] !== apiVersion || value['kind'] !== kind) {
    yield { pointer: '', message: `expected apiVersion ${apiVersion} and kind ${kind}` }
    return
  }
  const { accepted } = value
  if (!Array.isArray(accepted)) {
    yield { pointer: '/accepted', message: `accepted: expected a list, found ${nameOf(accepted)}` }
    return
  }
  for (const [i, entry] of accepted.entries()) yield* mistakesOfEntry(entry, i)
}

function* mistakesOfEntry(entry: unknown, i: number): Generator<Wrong> {
  const pointer = `/accepted/${i}`
  const at = `accepted[${i}]`
  if (!isRecord(entry)) {
    yield { pointer, message: `${at}: expected an object with ${fields.join(', ')}, found ${nameOf(entry)}` }
    return
  }
  for (const field of fields) {
    const value = entry[field]
    if (field === 'namespace' && value === undefined) continue
    if (typeof value === 'string' && (value.trim() !== '' || field === 'namespace')) continue
    yield {
      pointer: `${pointer}/${field}`,
      message: `${at}.${field}: expected text, found ${value === '' ? 'none' : nameOf(value)}`
    }
  }
  for (const field of Object.keys(entry)) {
    if (!fields.includes(field))
      yield { pointer: `${pointer}/${field}`, message: `${at}.${field}: expected one of ${fields.join(', ')}` }
  }
  const { expires } = entry
  if (typeof expires === 'string' && !isDay(expires)) {
    yield {
      pointer: `${pointer}/expires`,
      message: `${at}.expires: expected a day as 2026-12-31, found ${JSON.stringify(expires.slice(0, 40))}`
    }
  }
}

/** A baseline that accepts these findings; each object once per rule. */
export function renderBaseline(findings: readonly ReportFinding[], reason: string, expires: string): string {
  const entries = new Map<string, string>()
  for (const { ruleId, object } of findings) {
    const lines = [
      `- rule: ${ruleId}`,
      `kind: ${quoted(object.kind)}`,
      `namespace: ${quoted(object.namespace)}`,
      `name: ${quoted(object.name)}`
    ]
    lines.push(`reason: ${quoted(reason)}`, `expires: ${quoted(expires)}`)
    entries.set(keyOf(ruleId, object), lines.join('\n    '))
  }
  const list = entries.size === 0 ? ' []\n' : `\n${[...entries.values()].map((entry) => `  ${entry}\n`).join('')}`
  return `# Findings that pidguard validate --baseline accepts, each until its day. Give each its real reason, or mend it.
apiVersion: ${apiVersion}
kind: ${kind}
accepted:${list}`
}

/** JSON strings are YAML too, whatever they hold. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
