import type { Location, Log, ReportingDescriptor, Result } from 'sarif'
import { objectText, type Place, type Report, type ReportFinding, type RuleText, skipText } from './validate-report.ts'

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
        results: findings.map((finding) => resultOf(finding, indexes.get(finding.ruleId), printOf(finding))),
        invocations: [
          {
            executionSuccessful: problems.length === 0 && faults.length === 0,
            exitCode: report.exitCode,
            toolExecutionNotifications: [
              ...problems.map(({ message, place }) => ({
                level: 'error' as const,
                message: { text: message },
                locations: [locationOf(place)]
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
              }))
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
 * Lines move, and so do the numbers in lists; the object and the names in it do not. Of findings that are the same by
 * these, as of two files with the same object, the second is told by its count.
 */
function fingerprints(): (finding: ReportFinding) => string {
  const counts = new Map<string, number>()
  return ({ ruleId, object, pointer, field = pointer }) => {
    const print = [ruleId, object.kind, object.namespace, object.name, field].join(' ')
    const count = (counts.get(print) ?? 0) + 1
    counts.set(print, count)
    return count === 1 ? print : `${print} ${count}`
  }
}

function resultOf(finding: ReportFinding, ruleIndex: number | undefined, fingerprint: string): Result {
  const { ruleId, action, reason, detail, remedy, object, place, accepted } = finding
  return {
    ruleId,
    ...(ruleIndex === undefined ? undefined : { ruleIndex }),
    level: levels[action],
    message: { text: `${objectText(object)}: ${reason} (${detail}). ${remedy}` },
    locations: [locationOf(place, objectText(object))],
    // By this a scanner knows a finding again.
    partialFingerprints: { 'object/v2': fingerprint },
    ...(accepted === undefined ? undefined : { suppressions: [{ kind: 'external' as const, justification: accepted }] })
  }
}

function locationOf({ file, line, column, length }: Place, object?: string): Location {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(file) },
      ...(line === 0 ? undefined : { region: { startLine: line, startColumn: column, endColumn: column + length } })
    },
    ...(object === undefined ? undefined : { logicalLocations: [{ fullyQualifiedName: object, kind: 'object' }] })
  }
}

/** A relative path stays relative to the repository; each part is escaped (RFC 3986). */
function uriOf(file: string): string {
  const path = file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/')
  return path.startsWith('/') ? `file://${path}` : path
}
