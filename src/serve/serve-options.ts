import type { ClusterWatchOptions } from './cluster-watch.ts'

/** The options of `pidguard serve`, as the command line gives them. */
export interface ServeOptions extends ClusterWatchOptions {
  readonly policy?: string
  readonly host?: string
  readonly port: number
  readonly probePort: number
  readonly certDir: string
  /** The Secret that holds the certificate, instead of a folder. */
  readonly certSecret?: string
  readonly logLevel: string
  /** Seconds from the signal to stop until connections are closed: endpoints have to forget this replica first. */
  readonly drain: number
  readonly version: string
}
