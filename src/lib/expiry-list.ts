import type { Millis } from './units.ts'

/** Things that are dropped when they get old, all after the same span: the first in is the first out. */
export class Deadlines<T> {
  readonly #span: Millis
  readonly #at = new Map<T, Millis>()

  constructor(span: Millis) {
    this.#span = span
  }

  /** Starts the span anew for a thing that is held already. */
  add(thing: T, now: Millis): void {
    this.#at.delete(thing)
    this.#at.set(thing, now + this.#span)
  }

  get size(): number {
    return this.#at.size
  }

  has(thing: T): boolean {
    return this.#at.has(thing)
  }

  delete(thing: T): void {
    this.#at.delete(thing)
  }

  /** Takes out a thing whose span is over; undefined when there is none. */
  takeExpired(now: Millis): T | undefined {
    for (const [thing, at] of this.#at) {
      if (at > now) return undefined
      this.#at.delete(thing)
      return thing
    }
    return undefined
  }
}
