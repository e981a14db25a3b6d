import type { Millis } from './units.ts'

/** The first wait and the longest, before jitter; client-go's reflector waits 0.8 s to 30 s. */
const first: Millis = 800
const longest: Millis = 30_000

/** How long to wait before the next try: doubling, with jitter of half to one and a half, so replicas do not march in step. */
export class BackOff {
  readonly #random: () => number
  readonly #first: Millis
  #base: Millis

  constructor(random: () => number, start: Millis = first) {
    this.#random = random
    this.#first = start
    this.#base = start
  }

  /** `asked`: what the server wants us to wait; never less than that. */
  next(asked: Millis = 0): Millis {
    const wait = this.#base * (0.5 + this.#random())
    this.#base = Math.min(this.#base * 2, longest)
    return Math.max(wait, asked * (1 + this.#random() / 10))
  }

  /** Things went well for a while. */
  reset(): void {
    this.#base = this.#first
  }
}
