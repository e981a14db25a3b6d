import type { Bytes, Millis } from '../../lib/units.ts'
import type { Ceiling } from '../../model/node-reading.ts'

const needle = Buffer.from('"rlimit"')
const closeBrace = 0x7d
/** `rlimit` holds three short fields. */
const longest: Bytes = 1024

export interface Rlimit extends Ceiling {
  /** By the node's own clock. */
  readonly sampledAt: Millis | undefined
}

/**
 * Reads `node.rlimit` out of `/stats/summary` as it streams in. The rest of the summary, half a megabyte on a full node,
 * is never parsed; inside a JSON string the name could only stand with its quotes escaped, so the first match is the field.
 */
export class RlimitReader {
  #held: Buffer | undefined
  #done = false
  #found: Rlimit | undefined

  push(chunk: Buffer): void {
    if (this.#done) return
    const data = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk])
    const at = data.indexOf(needle)
    if (at < 0) {
      this.#held = Buffer.from(data.subarray(Math.max(0, data.length - needle.length)))
      return
    }
    const end = data.indexOf(closeBrace, at)
    if (end < 0 && data.length - at <= longest) {
      this.#held = Buffer.from(data.subarray(at))
      return
    }
    this.#done = true
    if (end >= 0) this.#found = readRlimit(data.toString('utf8', at + needle.length, end + 1))
  }

  /** undefined when the summary has no readable `rlimit`: some runtimes and systems leave it out. */
  end(): Rlimit | undefined {
    return this.#found
  }
}

/** `: {"time": …, "maxpid": 32768, "curproc": 1209}` */
function readRlimit(text: string): Rlimit | undefined {
  try {
    return rlimitOf(JSON.parse(text.slice(text.indexOf(':') + 1)))
  } catch {
    return undefined
  }
}

/** The value of `node.rlimit`; undefined when it is none. */
export function rlimitOf(value: unknown): Rlimit | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { maxpid, curproc, time } = value as Record<string, unknown>
  const sampledAt = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return {
    limit: countOf(maxpid),
    inUse: countOf(curproc),
    sampledAt: Number.isNaN(sampledAt) ? undefined : sampledAt
  }
}

/** Not a count of tasks a running node can have: 0 means that the field was never filled. */
function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined
}
