import type { ServerResponse } from 'node:http'
import { type Reservation, type ReservationSink, reservationLine } from '../headroom/reservation.ts'
import type { Bytes, Millis } from '../lib/units.ts'

/** Streams at once: one controller leads, and an old one may not have ended yet. Own choice. */
export const mostReaders = 4

/** A reader with more unsent than that is too slow to be of use: some thousand lines. Own choice. */
const mostUnsent: Bytes = 1024 * 1024

/** Between two empty lines, so that both ends see that the other is there. */
const heartbeat: Millis = 5_000

/**
 * Says to its readers what was just counted, one JSON object a line. It remembers nothing: who comes later or loses the
 * connection has missed what was said meanwhile, and sees those pods in the watch.
 */
export class ReservationFeed implements ReservationSink {
  readonly #readers = new Set<ServerResponse>()
  readonly #every: Millis
  #waiting: Reservation[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(every: Millis = heartbeat) {
    this.#every = every
  }

  get isHeard(): boolean {
    return this.#readers.size > 0
  }

  get isFull(): boolean {
    return this.#readers.size >= mostReaders
  }

  /** Sends it in the next turn of the event loop: the review that it is about is answered first. */
  add(reservation: Reservation): void {
    if (this.#waiting.push(reservation) === 1) setImmediate(() => this.#flush())
  }

  /** Answers with a stream that goes on until the reader or `end` ends it. */
  open(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    // The first heartbeat: the reader sees at once that the stream is there.
    response.write('\n')
    this.#readers.add(response)
    this.#timer ??= setInterval(() => this.#write('\n'), this.#every).unref()
    response.on('error', () => this.#drop(response))
    response.on('close', () => this.#drop(response))
  }

  /** Ends all streams at once: there is nothing in them that must arrive, and a reader that stalls would keep a server from closing. */
  end(): void {
    for (const reader of this.#readers) this.#drop(reader)
  }

  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    if (!this.isHeard) return
    const lines = waiting.map(reservationLine).filter((line) => line !== undefined)
    if (lines.length > 0) this.#write(`${lines.join('\n')}\n`)
  }

  #write(text: string): void {
    for (const reader of this.#readers) {
      reader.write(text)
      if (reader.writableLength > mostUnsent) this.#drop(reader)
    }
  }

  #drop(reader: ServerResponse): void {
    if (!this.#readers.delete(reader)) return
    reader.destroy()
    if (this.#readers.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
