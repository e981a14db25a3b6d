import type { Millis } from '../lib/units.ts'
import type { IntervalAuditsOptions } from './audits/build-interval-audits.ts'

/** The options of `pidguard serve`, as the command line gives them. */
export interface ServeOptions extends IntervalAuditsOptions {
  readonly host?: string
  readonly port: number
  readonly probePort: number
  readonly certDir: string
  /** The Secret that holds the certificate, instead of a folder. */
  readonly certSecret?: string
  readonly certIssuer: 'pidguard' | 'other'
  readonly certLeafLife: Millis
  readonly certCaLife: Millis
  readonly certOverlap: Millis
  readonly logLevel: string
  /** Seconds from the signal to stop until connections are closed: endpoints have to forget this replica first. */
  readonly drain: number
  readonly version: string
}
