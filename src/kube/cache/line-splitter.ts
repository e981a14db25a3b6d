import type { Bytes } from '../../lib/units.ts'
import { KubeError } from '../kube-error.ts'

const newline = 0x0a

/**
 * Cuts chunks of bytes into lines, wherever the chunks end. Costs one copy of a line that spans chunks and none
 * otherwise; what follows the last newline is kept for the next chunk and dropped at the end.
 */
export class LineSplitter {
  readonly #limit: Bytes
  readonly #onLine: (line: Buffer) => void
  #parts: Buffer[] = []
  #held: Bytes = 0

  constructor(limit: Bytes, onLine: (line: Buffer) => void) {
    this.#limit = limit
    this.#onLine = onLine
  }

  /** `onLine` gets a view into the chunk: to be read at once, not kept. */
  push(chunk: Buffer): void {
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      this.#give(chunk.subarray(from, at))
      from = at + 1
    }
    if (from === chunk.length) return
    const rest = chunk.subarray(from)
    this.#held += rest.length
    if (this.#held > this.#limit) throw new KubeError('malformed', `a line of more than ${this.#limit} bytes`)
    this.#parts.push(rest)
  }

  #give(end: Buffer): void {
    const line = this.#parts.length === 0 ? end : Buffer.concat([...this.#parts, end])
    this.#parts = []
    this.#held = 0
    if (line.length > 0) this.#onLine(line)
  }
}
