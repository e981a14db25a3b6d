import type { Millis } from './units.ts'

interface Entry<T> {
  readonly thing: T
  readonly at: Millis
}

/** How many cancelled entries the heap may hold before it is rebuilt. Own choice: a burst of pods, 50 KB. */
const slack = 1_000

/**
 * Things that expire, each at an instant of its own, added in any order. A binary heap: a deleted thing leaves a cancelled
 * entry behind, which is dropped when it comes to the top, or when cancelled entries outnumber the others.
 */
export class ExpiryQueue<T> {
  readonly #at = new Map<T, Millis>()
  #heap: Entry<T>[] = []

  get size(): number {
    return this.#at.size
  }

  has(thing: T): boolean {
    return this.#at.has(thing)
  }

  /** For a thing that is held already, the new instant replaces the old one. */
  add(thing: T, at: Millis): void {
    this.#at.set(thing, at)
    this.#rise({ thing, at })
    if (this.#heap.length > 2 * this.#at.size + slack) this.#compact()
  }

  delete(thing: T): void {
    this.#at.delete(thing)
  }

  /** Takes out the thing that expired first; undefined when none has expired by now. */
  takeExpired(now: Millis): T | undefined {
    for (let top = this.#heap[0]; top !== undefined && top.at <= now; top = this.#heap[0]) {
      this.#pop()
      if (this.#at.get(top.thing) !== top.at) continue
      this.#at.delete(top.thing)
      return top.thing
    }
    return undefined
  }

  /** The thing that expires first; it stays. undefined when nothing is held. */
  get first(): T | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#at.get(top.thing) === top.at) return top.thing
      this.#pop()
    }
    return undefined
  }

  #rise(entry: Entry<T>): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as Entry<T>
      if (parent.at <= entry.at) break
      heap[at] = parent
      at = above
    }
    heap[at] = entry
  }

  /** Removes the top; the last entry sinks from there to its place. */
  #pop(): void {
    const heap = this.#heap
    const entry = heap.pop() as Entry<T>
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const [left, right] = [heap[below], heap[below + 1]]
      if (left === undefined) break
      if (right !== undefined && right.at < left.at) below++
      const child = heap[below] as Entry<T>
      if (child.at >= entry.at) break
      heap[at] = child
      at = below
    }
    heap[at] = entry
  }

  /** A sorted array is a valid heap, so sorting rebuilds it. */
  #compact(): void {
    this.#heap = [...this.#at].map(([thing, at]) => ({ thing, at })).sort((a, b) => a.at - b.at)
  }
}
