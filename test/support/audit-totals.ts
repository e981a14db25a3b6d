import type { AuditTotals } from '../../src/report/audit/totals.ts'

/** Of an audit that found nothing and could look at everything, changed as given. */
export function totals(change: Partial<AuditTotals> = {}): AuditTotals {
  return {
    apiVersion: 'pidguard.io/audit-totals/v1',
    kind: 'AuditTotals',
    version: '0.1.0',
    takenAt: '2026-11-21T10:00:00.000Z',
    exitCode: 0,
    complete: true,
    findings: [],
    folded: 0,
    rules: [],
    gaps: 0,
    firstGaps: [],
    ...change
  }
}
