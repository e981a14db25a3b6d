import type { Millis } from '../../src/lib/units.ts'

interface Event {
  readonly at: Millis
  readonly order: number
  run(): void
}

/** What happens when, in a time of its own: events of one instant in the order in which they were added. */
export class EventQueue {
  /** A binary heap. */
  readonly #events: Event[] = []
  #added = 0
  now: Millis = 0

  after(span: Millis, run: () => void): void {
    this.at(this.now + span, run)
  }

  at(instant: Millis, run: () => void): void {
    const events = this.#events
    const event = { at: Math.max(instant, this.now), order: this.#added++, run }
    let place = events.push(event) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (isBefore(events[parent] as Event, event)) break
      events[place] = events[parent] as Event
      place = parent
    }
    events[place] = event
  }

  runUntil(end: Millis): void {
    for (let event = this.#events[0]; event !== undefined && event.at <= end; event = this.#events[0]) {
      this.#takeFirst()
      this.now = event.at
      event.run()
    }
    this.now = end
  }

  #takeFirst(): void {
    const events = this.#events
    const last = events.pop() as Event
    if (events.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= events.length) break
      if (child + 1 < events.length && isBefore(events[child + 1] as Event, events[child] as Event)) child++
      if (isBefore(last, events[child] as Event)) break
      events[place] = events[child] as Event
      place = child
    }
    events[place] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
