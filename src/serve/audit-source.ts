import { AppError } from '../errors.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { IntervalAuditsOptions, ServedAudits } from './build-interval-audits.ts'

export interface AuditSourceOptions extends IntervalAuditsOptions {
  /** The Secret that holds the certificate, instead of a folder. */
  readonly certSecret?: string
}

/** undefined where nobody is to audit. Throws ERR_USAGE where nobody would be chosen to. Loaded only where it is asked for. */
export async function auditSource(
  options: AuditSourceOptions,
  deps: { readonly clock: Clock; readonly log: Log }
): Promise<ServedAudits | undefined> {
  const { auditInterval, auditReportObjects, certSecret } = options
  if (auditInterval === undefined) {
    if (auditReportObjects === 'off') return undefined
    throw new AppError('ERR_USAGE', '--audit-report-objects needs --audit-interval: it is what these audits write')
  }
  if (certSecret === undefined) {
    throw new AppError(
      'ERR_USAGE',
      '--audit-interval needs --cert-secret: the leader audits, by the Lease that goes with it'
    )
  }
  const { intervalAudits } = await import('./build-interval-audits.ts')
  return intervalAudits(options, auditInterval, deps)
}
