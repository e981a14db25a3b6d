import { AppError } from '../../../errors.ts'
import type { Clock, Log } from '../../../ports/runtime.ts'
import type { IntervalAuditsOptions, ServedAudits } from './build-interval-audits.ts'

/** The audits of `controller`, loaded only where they are asked for; undefined otherwise. Throws ERR_USAGE for one option without the other. */
export async function auditSource(
  options: IntervalAuditsOptions,
  deps: { readonly clock: Clock; readonly log: Log }
): Promise<ServedAudits | undefined> {
  const { auditInterval, auditReportObjects } = options
  if (auditInterval === undefined) {
    if (auditReportObjects === 'off') return undefined
    throw new AppError('ERR_USAGE', '--audit-report-objects needs --audit-interval: it is what these audits write')
  }
  const { intervalAudits } = await import('./build-interval-audits.ts')
  return intervalAudits(options, auditInterval, deps)
}
