import { longestLine } from '../../headroom/reservation.ts'

/** Cuts what arrives in pieces into lines. Holds one unfinished line at most; one that is too long is passed over. */
export class StreamLines {
  readonly #take: (line: string) => void
  readonly #tooLong: () => void
  #pieces: Buffer[] = []
  #size = 0
  /** The line that arrives now is too long already. */
  #isLost = false

  /** `take` gets each line without its end; `tooLong` is called for each that is longer than `longestLine`. */
  constructor(take: (line: string) => void, tooLong: () => void) {
    this.#take = take
    this.#tooLong = tooLong
  }

  add(chunk: Buffer): void {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#hold(chunk.subarray(from, end))
      this.#finish()
      from = end + 1
    }
    this.#hold(chunk.subarray(from))
  }

  #hold(piece: Buffer): void {
    this.#size += piece.length
    if (this.#size > longestLine && !this.#isLost) {
      this.#isLost = true
      this.#pieces = []
      this.#tooLong()
    }
    if (!this.#isLost && piece.length > 0) this.#pieces.push(piece)
  }

  #finish(): void {
    if (!this.#isLost) this.#take(Buffer.concat(this.#pieces).toString('utf8'))
    this.#pieces = []
    this.#size = 0
    this.#isLost = false
  }
}
