import type { Millis } from '../lib/units.ts'

/** What became of a text: it is now in force, it says what the last one said, or it is bad and the old one stays. */
export type Offer = 'loaded' | 'unchanged' | 'kept'

export interface HolderDeps<T> {
  /** Throws when the text is not a good policy. */
  parse(text: string): T
  readonly clock: { now(): Millis }
}

/** Holds the last good policy. Reading files and when to read them is the business of whoever offers texts. */
export class PolicyHolder<T> {
  readonly #deps: HolderDeps<T>
  #text: string | undefined
  #current: T
  #generation = 1
  #loadedAt: Millis
  #lastError: unknown

  /** Throws what `parse` throws: without a first good policy there is none to keep. */
  constructor(text: string, deps: HolderDeps<T>) {
    this.#deps = deps
    this.#current = deps.parse(text)
    this.#text = text
    this.#loadedAt = deps.clock.now()
  }

  get current(): T {
    return this.#current
  }

  /** How many policies have been in force, this one included. */
  get generation(): number {
    return this.#generation
  }

  /** The instant since which the current one is in force. */
  get loadedAt(): Millis {
    return this.#loadedAt
  }

  /** Why the last text offered is not in force; undefined when it is. */
  get lastError(): unknown {
    return this.#lastError
  }

  /** Takes a text into force, unless it is bad. The same text twice is looked at once, so a bad one is told once. */
  offer(text: string): Offer {
    if (text === this.#text) return 'unchanged'
    this.#text = text
    try {
      this.#current = this.#deps.parse(text)
    } catch (error) {
      this.#lastError = error
      return 'kept'
    }
    this.#lastError = undefined
    this.#generation++
    this.#loadedAt = this.#deps.clock.now()
    return 'loaded'
  }

  /** The text could not be read at all; whatever comes next is looked at anew. */
  unreadable(error: unknown): Offer {
    this.#text = undefined
    this.#lastError = error
    return 'kept'
  }
}
