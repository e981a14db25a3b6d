import type { WriteStream } from 'node:tty'
import type { Millis } from '../lib/units.ts'
import type { Progress } from '../ports/runtime.ts'

/** Between two lines of it; a person reads no faster. */
const pace: Millis = 100

/** Shows how far something is, on a terminal only: one line that is written over, and gone at the end. */
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
