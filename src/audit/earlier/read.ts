import { AppError } from '../../errors.ts'
import { isRecord } from '../../lib/json/shape.ts'
import { type AuditReport, auditApiVersion } from '../../report/audit/audit-report.ts'

/** Reads a report that `-o json` wrote, to compare with. Throws ERR_USAGE when it is none. */
export function readEarlier(source: string, text: string): AuditReport {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw notAnAuditReport(source, 'no JSON', cause)
  }
  if (!isRecord(value) || value['kind'] !== 'Audit' || value['apiVersion'] !== auditApiVersion) {
    throw notAnAuditReport(
      source,
      isRecord(value) ? `apiVersion ${String(value['apiVersion'])}, kind ${String(value['kind'])}` : 'none'
    )
  }
  const { findings, nodes, summary, takenAt } = value
  const isWhole =
    typeof takenAt === 'string' &&
    isRecord(summary) &&
    isRecord(summary['levels']) &&
    Array.isArray(nodes) &&
    nodes.every(isRecord) &&
    Array.isArray(findings) &&
    findings.every(isFinding)
  if (!isWhole) throw notAnAuditReport(source, 'one that misses parts')
  // Only the parts that are compared are checked here; the schema of the report describes the rest.
  return value as unknown as AuditReport
}

function isFinding(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { ruleId, pointer, object } = value
  return typeof ruleId === 'string' && typeof pointer === 'string' && isRecord(object)
}

function notAnAuditReport(source: string, found: string, cause?: unknown): AppError {
  return new AppError(
    'ERR_USAGE',
    `--since ${source}: expected a report of pidguard audit -o json (${auditApiVersion}), found ${found}`,
    { cause }
  )
}
