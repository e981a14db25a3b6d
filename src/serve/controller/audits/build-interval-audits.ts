import { constants } from 'node:os'
import { type AuditStatus, IntervalAudits } from '../../../audit/interval-audits.ts'
import { runAuditChild } from '../../../host/audit-child.ts'
import type { Millis } from '../../../lib/units.ts'
import type { Clock, Log } from '../../../ports/runtime.ts'
import { type AuditingOptions, auditArgv } from './audit-argv.ts'

export interface IntervalAuditsOptions extends AuditingOptions {
  /** The file of this program. */
  readonly program: string
}

export interface ServedAudits {
  readonly status: AuditStatus
  /** This replica leads until the signal. */
  lead(signal: AbortSignal): void
  /** Resolves when no audit runs any more. */
  stop(): Promise<void>
}

/** A last resort: every call of an audit has a timeout of its own. The first 10,000 report objects take 17 minutes to write. */
const timeout: Millis = 60 * 60_000
/**
 * MiB. An audit of 5,000 nodes and 150,000 pods takes 373 MB, of which 100 MB are live objects (bench/README.md). One that
 * needs more ends by itself, before the memory limit of the container ends the server as well.
 */
const heap = 384
/** The lowest: admission goes first. */
const niceness = constants.priority.PRIORITY_LOW

/** Audits that the leader of an installation runs, each in a process of its own. */
export function intervalAudits(
  options: IntervalAuditsOptions,
  interval: Millis,
  { clock, log }: { readonly clock: Clock; readonly log: Log }
): ServedAudits {
  const child = { program: options.program, args: auditArgv(options), env: environment(), timeout, heap, niceness }
  const audits = new IntervalAudits({
    audit: (signal) => runAuditChild(child, signal),
    interval,
    clock,
    random: Math.random,
    log
  })
  const ending = new AbortController()
  let running: Promise<void> = Promise.resolve()
  return {
    get status() {
      return audits.status
    },
    lead(signal) {
      running = audits.lead(AbortSignal.any([signal, ending.signal]))
    },
    async stop() {
      ending.abort()
      await running
    }
  }
}

/** Without PIDGUARD_*: these options of `serve` are arguments by now, and `audit` would read them a second time. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PIDGUARD_')))
}
