import pino, { type Logger } from 'pino'
import { AppError } from '../../errors.ts'
import type { Millis } from '../../lib/units.ts'
import type { Clock, Log } from '../../ports/runtime.ts'
import { plainLog } from './fast-log.ts'
import { terminalLine } from './terminal-line.ts'

/** Bytes of log that are written at once: a write for each line would cost as much as running all rules. */
const buffer = 4_096
/** The longest time that a line waits. The rest is written at the end. */
const flushEvery: Millis = 200
/** How long the last lines may take to reach the reader of the log. */
const lastLines: Millis = 500

/** The log of `serve`, on standard output. */
export interface ServeLog {
  readonly log: Logger
  /** The same log, cheaper for the many lines of reviews: see `plainLog`. */
  readonly reviews: Log
  flush(): void
  /** Waits until the last lines are written, but not for a reader that has stopped reading: pino would try for ever. */
  written(): Promise<void>
}

/** `isTerminal`: a person reads it, so each line is made plain instead of JSON. */
export function openLog(level: string, clock: Pick<Clock, 'now'>, isTerminal: boolean): ServeLog {
  const output = pino.destination({ sync: false, minLength: isTerminal ? 0 : buffer, periodicFlush: flushEvery })
  if (isTerminal) {
    const write = output.write.bind(output)
    output.write = (line) => write(terminalLine(line))
  }
  output.on('error', () => silence(output))
  const time = isoTime(clock)
  const log = pino({ level, base: null, timestamp: time, serializers: { err: errorFields } }, output)
  return {
    log,
    reviews: plainLog(log, output, time),
    flush: () => output.flush(),
    async written() {
      const inTime = new Promise((resolve) => setTimeout(resolve, lastLines))
      await Promise.race([new Promise<void>((resolve) => output.flush(() => resolve())), inTime])
      silence(output)
    }
  }
}

/** A log like the real one whose lines go nowhere: warm-up compiles its code before the first real line. */
export function unwrittenLog(clock: Pick<Clock, 'now'>): Log {
  const time = isoTime(clock)
  const output = { write() {} }
  return plainLog(pino({ level: 'info', base: null, timestamp: time }, output), output, time)
}

/** An error of ours is a sentence for the operator. Any other is a fault, whose stack says where it is. */
function errorFields(error: unknown): object {
  if (!(error instanceof AppError)) return pino.stdSerializers.err(error as Error)
  const { cause } = error
  return { code: error.code, message: error.message, ...(cause instanceof Error && { cause: cause.message }) }
}

/** pino's time as people read it; formatted once a millisecond, since a busy server writes many lines in one. */
function isoTime({ now }: Pick<Clock, 'now'>): () => string {
  let at = -1
  let text = ''
  return () => {
    const instant = now()
    if (instant === at) return text
    at = instant
    text = `,"time":"${new Date(instant).toISOString()}"`
    return text
  }
}

/** pino stops at EPIPE alone, but a socket reports ECONNRESET when its reader is gone. Without this, lines would pile up. */
function silence(output: ReturnType<typeof pino.destination>): void {
  output.write = () => true
  output.flush = () => {}
  output.flushSync = () => {}
  output.end = () => {}
}
