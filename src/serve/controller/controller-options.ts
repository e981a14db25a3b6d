import type { Terms } from '../../certs/plan-rotation.ts'
import type { Millis } from '../../lib/units.ts'
import type { IntervalAuditsOptions } from './audits/build-interval-audits.ts'
import type { GuardOptions } from './guard-access.ts'

/** The options of `pidguard controller`, as the command line gives them. */
export interface ControllerOptions extends IntervalAuditsOptions, GuardOptions {
  readonly host?: string
  readonly probePort: number
  /** The Secret of the serving certificate; without it there is no certificate to keep. */
  readonly certSecret?: string
  readonly certIssuer: 'pidguard' | 'other'
  readonly certLeafLife: Terms['leafLife']
  readonly certCaLife: Terms['authorityLife']
  readonly certOverlap: Millis
  readonly logLevel: string
  readonly version: string
}
