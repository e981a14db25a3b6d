/** What the drill tells on standard output, as it happens. Every claim is checked; one that does not hold ends in exit code 1. */
export class Story {
  readonly #from = performance.now()
  #failed = 0
  #held = 0

  get failed(): number {
    return this.#failed
  }

  chapter(title: string): void {
    this.#write(`\n${title}\n${'-'.repeat(title.length)}\n`)
  }

  say(text: string): void {
    const seconds = Math.round((performance.now() - this.#from) / 1000)
    this.#write(`${String(seconds).padStart(4)} s  ${text}\n`)
  }

  /** What a program printed, word for word. */
  quote(text: string): void {
    this.#write(`${text.trimEnd().replace(/^/gm, '        | ')}\n`)
  }

  /** A claim, in words a user could check. */
  holds(claim: string, isTrue: boolean): void {
    if (isTrue) this.#held++
    else this.#failed++
    this.#write(`        ${isTrue ? 'holds' : 'DOES NOT HOLD'}: ${claim}\n`)
  }

  end(): void {
    this.#write(`\n${this.#held} claims hold, ${this.#failed} do not.\n`)
  }

  #write(text: string): void {
    process.stdout.write(text)
  }
}
