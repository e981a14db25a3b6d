import type { WriteStream } from 'node:tty'
import type { Millis } from '../lib/units.ts'
import type { Progress } from '../ports/runtime.ts'

/** Milliseconds between two updates; a person reads no faster. */
const pace: Millis = 100

/** Shows progress on a terminal, and only there: one line that is overwritten, and cleared at the end. */
export function buildProgress(terminal: WriteStream, now: () => Millis): Progress & { end(): void } {
  let shownAt = Number.NEGATIVE_INFINITY
  let isShown = false
  return {
    step(part, done, total) {
      if (!terminal.isTTY || now() - shownAt < pace) return
      shownAt = now()
      isShown = true
      terminal.write(`\r\u001b[K${part}: ${done}${total === undefined ? '' : ` of ${total}`}`)
    },
    end() {
      if (isShown) terminal.write('\r\u001b[K')
    }
  }
}
