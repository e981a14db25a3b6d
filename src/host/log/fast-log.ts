import type { Logger } from 'pino'
import type { Log } from '../../ports/runtime.ts'

/** What the lines of a log are written to. */
export interface LogOutput {
  write(text: string): unknown
}

/**
 * A log like `log`, whose debug and info lines skip pino's serializers: those cost a review as much as all its rules
 * (bench/README.md). The fields of such lines are plain JSON; only warnings and errors, which stay pino's, may hold an
 * Error. Lines of both look alike and go to the same output, in their order. `time`: what `log` was given as timestamp.
 */
export function plainLog(log: Logger, output: LogOutput, time: () => string): Log {
  const writing = (level: 'debug' | 'info'): Log['info'] => {
    const number = log.levels.values[level]
    return (fields, message) => {
      if (!log.isLevelEnabled(level)) return
      const members = JSON.stringify(fields).slice(1, -1)
      output.write(
        `{"level":${number}${time()},${members}${members === '' ? '' : ','}"msg":${JSON.stringify(message)}}\n`
      )
    }
  }
  return {
    debug: writing('debug'),
    info: writing('info'),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    isLevelEnabled: (level) => log.isLevelEnabled(level)
  }
}
