import type { NodeReading, ReadingFailure, ReadingFailureReason } from '../model/node-reading.ts'
import type { ReadingSink } from '../ports/readings.ts'

/** How one try to read one node ended; `partial` is a reading with gaps, and so are `cri-stats` and `cgroup-drivers`. */
export type ReadingResult = 'whole' | 'partial' | ReadingFailureReason

/** Gaps that say how a node is set up. */
const ofTheirOwn: ReadonlySet<ReadingFailureReason> = new Set(['cri-stats', 'cgroup-drivers'])

/** The nodes that are not read as they should be, by reason. */
export interface ReadingTrouble {
  readonly nodes: number
  readonly reasons: Readonly<Partial<Record<ReadingFailureReason, number>>>
  /** One of them: what was asked, what came back, what to do. */
  readonly example: string
}

/** Hands readings on, and keeps count of how they went. */
export class ReadingCounts implements ReadingSink {
  readonly #sink: ReadingSink
  readonly #counts = new Map<ReadingResult, number>()
  /** By node: what was wrong with its last reading. */
  readonly #troubled = new Map<string, ReadingFailure>()
  readonly #isThere: (node: string) => boolean

  /** `isThere`: whether there is such a node now. A read that hangs may end after its node has gone. */
  constructor(sink: ReadingSink, isThere: (node: string) => boolean = () => true) {
    this.#sink = sink
    this.#isThere = isThere
  }

  /** Since the start. */
  get counts(): ReadonlyMap<ReadingResult, number> {
    return this.#counts
  }

  /** As of the last try at each node; undefined when all were read whole. */
  get trouble(): ReadingTrouble | undefined {
    const [example] = this.#troubled.values()
    if (example === undefined) return undefined
    const reasons: Partial<Record<ReadingFailureReason, number>> = {}
    for (const { reason } of this.#troubled.values()) reasons[reason] = (reasons[reason] ?? 0) + 1
    return { nodes: this.#troubled.size, reasons, example: example.detail }
  }

  observeReading(reading: NodeReading): void {
    const [gap] = reading.gaps
    this.#count(gap === undefined ? 'whole' : ofTheirOwn.has(gap.reason) ? gap.reason : 'partial')
    if (gap === undefined) this.#troubled.delete(reading.node)
    else this.#note(reading.node, gap)
    this.#sink.observeReading(reading)
  }

  observeFailure(node: string, failure: ReadingFailure): void {
    this.#count(failure.reason)
    this.#note(node, failure)
    this.#sink.observeFailure(node, failure)
  }

  /** Forgets a node that is gone. */
  forget(node: string): void {
    this.#troubled.delete(node)
  }

  #note(node: string, failure: ReadingFailure): void {
    if (this.#isThere(node)) this.#troubled.set(node, failure)
  }

  #count(result: ReadingResult): void {
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1)
  }
}
