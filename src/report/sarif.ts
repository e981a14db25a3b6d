import type { Location, Log, ReportingDescriptor, Result } from 'sarif'
import { memoized } from '../lib/memoize.ts'
import {
  changeText,
  objectText,
  originOf,
  type Place,
  placeAndSource,
  type Report,
  type ReportChange,
  type ReportFinding,
  type RuleText,
  skipText
} from './validate-report.ts'

type Level = 'error' | 'warning' | 'note'

const levels: Readonly<Record<ReportFinding['action'], Level>> = { deny: 'error', warn: 'warning', audit: 'note' }

/** SARIF 2.1.0, as code scanning takes it. */
export function renderSarif(report: Report): string {
  const { version, rules, findings, faults, problems, skips } = report
  const printOf = fingerprints()
  const indexes = new Map(rules.map(({ id }, index) => [id, index]))
  const log: Log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'pidguard', semanticVersion: version, rules: rules.map(descriptorOf) } },
        columnKind: 'utf16CodeUnits',
        results: [
          ...findings.map((finding) => resultOf(finding, indexes.get(finding.ruleId), printOf(finding))),
          ...report.changes.map((change) => changeResult(change, indexes))
        ],
        invocations: [
          {
            executionSuccessful: problems.length === 0 && faults.length === 0,
            exitCode: report.exitCode,
            toolExecutionNotifications: [
              ...problems.map(({ message, place, object }) => ({
                level: 'error' as const,
                message: { text: message },
                locations: [locationOf(place, object === undefined ? undefined : objectText(object))]
              })),
              ...faults.map(({ ruleId, message, object, place }) => ({
                level: 'error' as const,
                message: { text: `${ruleId} failed: ${message}` },
                associatedRule: { id: ruleId },
                locations: [locationOf(place, objectText(object))]
              })),
              ...skips.map((skip) => ({
                level: 'warning' as const,
                message: { text: skipText(skip) },
                associatedRule: { id: skip.ruleId }
              })),
              ...report.notes.map((note) => ({ level: 'note' as const, message: { text: note } }))
            ]
          }
        ]
      }
    ]
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function descriptorOf({ id, title, why, remedy }: RuleText): ReportingDescriptor {
  return {
    id,
    name: title,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: remedy }
  }
}

/**
 * Fingerprints that survive moved lines and reordered lists: rule, object, and the field by the names of its list entries.
 * Where several findings have the same one, as when two files hold the same object, the second gets a 2, and so on.
 */
function fingerprints(): (finding: ReportFinding) => string {
  const counts = new Map<string, number>()
  return ({ ruleId, object, pointer, field = pointer }) => {
    const print = `${ruleId} ${object.kind} ${object.namespace} ${object.name} ${field}`
    const count = (counts.get(print) ?? 0) + 1
    counts.set(print, count)
    return count === 1 ? print : `${print} ${count}`
  }
}

function resultOf(finding: ReportFinding, ruleIndex: number | undefined, fingerprint: string): Result {
  const { ruleId, action, reason, detail, remedy, object, place, accepted } = finding
  const name = objectText(object)
  return {
    ruleId,
    ...(ruleIndex === undefined ? undefined : { ruleIndex }),
    level: levels[action],
    message: { text: `${name}: ${reason} (${detail}). ${remedy}${behind(place)}` },
    locations: [locationOf(place, name)],
    // A scanner recognises a finding of an earlier run by this.
    partialFingerprints: { 'object/v2': fingerprint },
    ...(accepted === undefined ? undefined : { suppressions: [{ kind: 'external' as const, justification: accepted }] })
  }
}

/** A change that fails the run has to be a result, as a finding is. */
function changeResult(change: ReportChange, indexes: ReadonlyMap<string, number>): Result {
  const [ruleId = ''] = change.ruleIds
  const ruleIndex = indexes.get(ruleId)
  const { object, place, lines } = change
  return {
    ruleId,
    ...(ruleIndex === undefined ? undefined : { ruleIndex }),
    level: 'warning',
    message: { text: `${objectText(object)}: ${changeText(change)}: ${lines.join('; ')}${behind(place)}` },
    locations: [locationOf(place, objectText(object))],
    partialFingerprints: {
      'object/v2': [...change.ruleIds, object.kind, object.namespace, object.name, 'change'].join(' ')
    }
  }
}

/** The place in the rendered output, where the location names the template. */
function behind(place: Place): string {
  return place.source === undefined ? '' : ` (${placeAndSource(place)})`
}

function locationOf(written: Place, object?: string): Location {
  const { file, line, column, length } = originOf(written)
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(file) },
      ...(line === 0 ? undefined : { region: { startLine: line, startColumn: column, endColumn: column + length } })
    },
    ...(object === undefined ? undefined : { logicalLocations: [{ fullyQualifiedName: object, kind: 'object' }] })
  }
}

/** A relative path stays relative to the repository; each part is escaped (RFC 3986). */
const uriOf = memoized((file) => {
  const path = file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/')
  return path.startsWith('/') ? `file://${path}` : path
})
