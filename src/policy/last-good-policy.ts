import type { Millis } from '../lib/units.ts'

/** `loaded`: the new text is in force. `unchanged`: the same text as before. `kept`: the text is bad, the last good policy stays. */
export type Offer = 'loaded' | 'unchanged' | 'kept'

export interface HolderDeps<T> {
  /** Throws when the text is not a good policy. */
  parse(text: string): T
  readonly clock: { now(): Millis }
}

/** Holds the last good policy. The caller reads the files and offers their texts. */
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

  /** Puts a text in force, unless it is bad. The same text twice is read once, so a bad one is reported once. */
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

  /** The text could not be read at all; the next one is read even if it is the same as before. */
  unreadable(error: unknown): Offer {
    this.#text = undefined
    this.#lastError = error
    return 'kept'
  }
}
