import { until } from './until.ts'

/** What a duty that looks again and again has done so far; the duty's ports in a test call `began` and `random`. */
export class Looks {
  #begun = 0
  #waits = false

  /** The last look has failed, so the next one comes later than usual. */
  get hasFailed(): boolean {
    return this.#waits
  }

  /** A look began. */
  began(): void {
    this.#begun++
    this.#waits = false
  }

  /** To be given as the duty's randomness: it is asked for how long to wait once a look has failed. */
  readonly random = (): number => {
    this.#waits = true
    return 0
  }

  /** Takes so many lines of what a duty has told, once they are there and the look that told them is over. */
  async take(told: string[], lines: number): Promise<string[]> {
    await until(
      `${lines} lines`,
      () => told.length >= lines,
      () => told
    )
    await this.quiet()
    return told.splice(0)
  }

  /** Ends when a whole look has come after all that happened so far, or when the last one has failed. */
  quiet(): Promise<void> {
    const before = this.#begun
    return until(
      'a look is over',
      () => this.#waits || this.#begun > before + 1,
      () => ({ before, begun: this.#begun, waits: this.#waits })
    )
  }
}
