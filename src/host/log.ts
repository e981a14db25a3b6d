import pino, { type Logger } from 'pino'
import type { Millis } from '../lib/units.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import { plainLog } from './fast-log.ts'

/** Bytes of log written at once: a write of its own would cost a line as much as all rules together. */
const buffer = 4_096
/** How long a line waits at most. What is still held at the end is written then. */
const flushEvery: Millis = 200
/** How long the last lines get to reach whoever reads the log. */
const lastLines: Millis = 500

/** The log of `serve`, on standard output. */
export interface ServeLog {
  readonly log: Logger
  /** The same for reviews, of which there are many: see `plainLog`. */
  readonly reviews: Log
  flush(): void
  /** Waits for the last lines, but not for a reader that takes none: at exit pino would try again for ever. */
  written(): Promise<void>
}

export function openLog(level: string, clock: Pick<Clock, 'now'>): ServeLog {
  const output = pino.destination({ sync: false, minLength: buffer, periodicFlush: flushEvery })
  output.on('error', () => silence(output))
  const time = isoTime(clock)
  const log = pino({ level, base: null, timestamp: time }, output)
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

/** A log for reviews like the real one whose lines go nowhere: the first real line shall find it warm. */
export function unwrittenLog(clock: Pick<Clock, 'now'>): Log {
  const time = isoTime(clock)
  const output = { write() {} }
  return plainLog(pino({ level: 'info', base: null, timestamp: time }, output), output, time)
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

/** pino does this on EPIPE alone; a socket whose reader went away says ECONNRESET. Else lines would pile up for ever. */
function silence(output: ReturnType<typeof pino.destination>): void {
  output.write = () => true
  output.flush = () => {}
  output.flushSync = () => {}
  output.end = () => {}
}
