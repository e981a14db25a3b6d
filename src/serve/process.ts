import closeWithGrace from 'close-with-grace'
import { openLog, type ServeLog } from '../host/log/log.ts'
import type { Millis } from '../lib/units.ts'
import type { Clock } from '../ports/runtime.ts'

/** Milliseconds between two looks at the files; what a person waits after a change. */
export const pollEvery: Millis = 1_000

/** Milliseconds that what is under way gets to end, before the process ends. */
const grace: Millis = 5_000

/** The log on standard output; a closed one is no reason to stop. */
export function openOutput(level: string, clock: Clock): ServeLog {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return openLog(level, clock, process.stdout.isTTY === true)
}

/** Every container of a cluster has this variable (kubernetes pkg/kubelet/envvars). */
export function isInCluster(): boolean {
  return process.env['KUBERNETES_SERVICE_HOST'] !== undefined
}

export interface Ending {
  readonly output: ServeLog
  /** Milliseconds that `close` may take beside `grace`. */
  readonly delay: Millis
  /** Fields of the log line that says so. */
  readonly about: object
  /** `isAsked`: by a signal; otherwise because of an error that nothing caught. */
  close(isAsked: boolean): Promise<void>
}

/**
 * Ends the process on SIGTERM, SIGINT, or an error that nothing caught. Call it before anything is waited for: the first
 * process of a container ignores signals that it does not handle. What it gives back takes this away again, for a start that
 * fails: the process then ends by itself, with the exit code of its failure.
 */
export function endGracefully({ output, delay, about, close }: Ending): () => void {
  const { log } = output
  const { uninstall } = closeWithGrace({ delay: delay + grace, logger: false }, async ({ signal, err }) => {
    if (err) log.error({ err }, 'unexpected error, stopping')
    else log.info({ signal, ...about }, 'stopping')
    await close(signal !== undefined)
    log.info({}, 'stopped')
    await output.written()
  })
  return uninstall
}
