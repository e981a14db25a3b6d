import { repeatUntilAborted } from '../lib/repeat-until.ts'
import type { Millis } from '../lib/units.ts'

/** One time of leading. What it remembers ends with it: by the next time it would be too old. */
export interface Term {
  /** Whether everything could be done. Never throws. */
  look(): Promise<boolean>
}

export interface RepeatedDutyOptions<T extends Term> {
  begin(signal: AbortSignal): T
  /** Between two looks, where the last one could do everything. */
  readonly every: Millis
  readonly random: () => number
}

/** Looks again and again for as long as this process leads, with a fresh memory each time that it begins to. */
export class RepeatedDuty<T extends Term> {
  readonly #options: RepeatedDutyOptions<T>
  #term: T | undefined

  constructor(options: RepeatedDutyOptions<T>) {
    this.#options = options
  }

  /** undefined while another process leads. */
  get term(): T | undefined {
    return this.#term
  }

  /** Call it when this process becomes the leader. Resolves soon after the signal; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { begin, every, random } = this.#options
    const term = begin(signal)
    this.#term = term
    await repeatUntilAborted(signal, () => term.look(), every, random)
    // A later term may have begun before this one ended.
    if (this.#term === term) this.#term = undefined
  }
}

/** Which looks of a frequent duty are worth it: where something has changed since the last one, or that was long ago. */
export class DueLooks {
  readonly #every: Millis
  #seen: string | undefined
  #lookedAt: Millis = 0

  /** `every`: a look is due after so long in any case. */
  constructor(every: Millis) {
    this.#every = every
  }

  /** `seen` stands for what the look depends on most; `now` is monotonic. A look that is due counts as taken. */
  isDue(seen: string, now: Millis): boolean {
    if (seen === this.#seen && now - this.#lookedAt < this.#every) return false
    this.#seen = seen
    this.#lookedAt = now
    return true
  }

  /** The last look could not do everything: the next one is due, which is true. */
  again(): true {
    this.#seen = undefined
    return true
  }
}

/** So many writes in so much time, counted from the first of them. */
export class WriteBudget {
  readonly #most: number
  readonly #within: Millis
  #from: Millis = Number.NEGATIVE_INFINITY
  #spent = 0

  constructor(most: number, within: Millis) {
    this.#most = most
    this.#within = within
  }

  /** Whether nothing may be written now; `now` is monotonic. */
  isSpent(now: Millis): boolean {
    return this.#spent >= this.#most && now - this.#from < this.#within
  }

  /** Call it for each write; false: not now. */
  spend(now: Millis): boolean {
    if (this.isSpent(now)) return false
    if (now - this.#from >= this.#within) {
      this.#from = now
      this.#spent = 0
    }
    this.#spent++
    return true
  }
}
