import { AppError } from '../../errors.ts'
import type { Clock, Log } from '../../ports/runtime.ts'
import type { IntervalAuditsOptions, ServedAudits } from './build-interval-audits.ts'

/** The audits of `serve`, loaded only where they are asked for; undefined otherwise. Throws ERR_USAGE where nothing could be audited. */
export async function auditSource(
  options: IntervalAuditsOptions,
  hasCluster: boolean,
  deps: { readonly clock: Clock; readonly log: Log }
): Promise<ServedAudits | undefined> {
  const { auditInterval, auditReportObjects } = options
  if (auditInterval === undefined) {
    if (auditReportObjects === 'off') return undefined
    throw new AppError('ERR_USAGE', '--audit-report-objects needs --audit-interval: it is what these audits write')
  }
  if (!hasCluster) {
    throw new AppError(
      'ERR_USAGE',
      '--audit-interval needs a cluster: run in one, or name it by --kubeconfig; a snapshot is audited by `pidguard audit`'
    )
  }
  const { intervalAudits } = await import('./build-interval-audits.ts')
  return intervalAudits(options, auditInterval, deps)
}
