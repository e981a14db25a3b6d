import { memoized } from '../lib/memoize.ts'
import type { Millis } from '../lib/units.ts'
import { type ObjectName, plural, type ReportFinding } from '../report/validate-report.ts'

export const baselineApiVersion = 'pidguard.io/v1alpha1'
export const baselineKind = 'Baseline'

/** An old finding that does not count until a day. */
export interface Acceptance {
  readonly rule: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly reason: string
  /** The last day on which it counts, as `2026-12-31`. */
  readonly expires: string
}

/** Old findings that do not make a run fail. An entry matches by rule, kind, namespace and name: files may move. */
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

  /** Entries that expired or match nothing, for the person who keeps the file. */
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

/** The first instant after the day, in UTC. Most entries of a baseline end on the same day. */
const endOf: (day: string) => Millis = memoized((day) => Date.parse(day) + 24 * 60 * 60 * 1000)

/** A baseline that accepts these findings, each object once per rule. */
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
  return `# Findings that pidguard validate --baseline accepts, each until its day. Give each its real reason, or fix it.
apiVersion: ${baselineApiVersion}
kind: ${baselineKind}
accepted:${list}`
}

/** Every JSON string is valid YAML. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
