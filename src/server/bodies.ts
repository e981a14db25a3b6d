import type { IncomingMessage } from 'node:http'
import type { Bytes } from '../lib/units.ts'

/**
 * Bytes. A body up to this size is not counted: together they are bounded by the number of connections (see
 * `connections.ts`), 1,000 × 32 KiB = 31 MiB. Reviews of the recorded corpus have 3 to 30 KiB.
 */
const smallBody: Bytes = 32 * 1024

/**
 * Bytes of larger bodies that may be under way or under review at once: six of the largest. The container may have 512 MiB,
 * of which the process takes some 150 MiB at rest, and parsing one body of 8 MiB makes up to 100 MiB of objects.
 */
export const largeBodiesLimit: Bytes = 48 * 1024 * 1024

/** One body that arrives. */
export interface Body {
  readonly length: Bytes
  /** Called when it has to make room for others; it is no longer counted then. */
  giveUp(): void
}

/**
 * The large bodies of all connections. When they are too many, the largest that is not yet complete gives up: that is
 * never the small review beside them. Among equals the oldest gives up, which is the one that stalls.
 */
export class Bodies {
  readonly #limit: Bytes
  readonly #incomplete = new Set<Body>()
  #held: Bytes = 0

  constructor(limit: Bytes = largeBodiesLimit) {
    this.#limit = limit
  }

  /** Bytes counted now. */
  get held(): Bytes {
    return this.#held
  }

  begin(body: Body): void {
    if (body.length <= smallBody) return
    this.#incomplete.add(body)
    this.#held += body.length
    while (this.#held > this.#limit && this.#incomplete.size > 0) this.#giveUpLargest()
  }

  /** It is complete: from now on it is counted until `end`, but does not give up. */
  complete(body: Body): void {
    this.#incomplete.delete(body)
  }

  /** It is answered. */
  end(body: Body): void {
    if (body.length > smallBody) this.#held -= body.length
  }

  /** Its connection broke before it was complete. */
  lose(body: Body): void {
    if (this.#incomplete.delete(body)) this.#held -= body.length
  }

  #giveUpLargest(): void {
    let largest: Body | undefined
    for (const body of this.#incomplete) if (largest === undefined || body.length > largest.length) largest = body
    if (largest === undefined) return
    this.lose(largest)
    largest.giveUp()
  }
}

/**
 * Gathers the chunks of a body of this length in one buffer, so that memory follows the bytes and not the number of chunks.
 * A body that comes in one chunk is not copied.
 */
export function gather(request: IncomingMessage, length: Bytes, done: (body: Buffer) => void): void {
  let first: Buffer | undefined
  let whole: Buffer | undefined
  let size = 0
  request.on('data', (chunk: Buffer) => {
    if (first === undefined) {
      first = chunk
    } else {
      if (whole === undefined) {
        whole = Buffer.allocUnsafeSlow(length)
        first.copy(whole)
      }
      chunk.copy(whole, size)
    }
    size += chunk.length
  })
  request.on('end', () => done(whole ?? first ?? empty))
}

const empty = Buffer.alloc(0)
