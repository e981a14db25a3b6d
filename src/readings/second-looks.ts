import type { Millis } from '../lib/units.ts'
import type { Ceiling, NodeReading, ReadingFailure, ReadingFailureReason } from '../model/node-reading.ts'

/*
 * A node whose ceilings are not known counts as having room, and a burst of pods can fill it before the next round. So a node that
 * has never been read in full is asked again soon: a kubelet leaves out all of cAdvisor's figures when one container comes or
 * goes while it is asked. Of a node that was read in full once, the last figures stand in for a while.
 */

/** After the first, the second and the third try. Then the next round asks. Own choice. */
const delays: readonly Millis[] = [1_000, 2_000, 4_000]

/** Nodes that wait for another try at once: of a fleet that never has all figures, not every kubelet is asked four times. Own choice. */
const mostWaiting = 100

/** These are the same a second later. */
const lasting: ReadonlySet<ReadingFailureReason> = new Set<ReadingFailureReason>([
  'no-address',
  'tls',
  'unauthorized',
  'forbidden',
  'too-large',
  'cri-stats',
  'cgroup-drivers'
])

/** Which nodes are asked again before the next round. */
export class SecondLooks {
  readonly #known = new Set<string>()
  readonly #tries = new Map<string, number>()
  #waiting = 0

  /** The node is new, or ready only now: what was known of its name is forgotten. */
  forget(node: string): void {
    this.#known.delete(node)
    this.#tries.delete(node)
  }

  /** Forgets nodes that are gone. */
  retain(has: (node: string) => boolean): void {
    for (const node of [...this.#known, ...this.#tries.keys()]) if (!has(node)) this.forget(node)
  }

  /** How long to wait until the node is asked again; undefined: its next round is as soon. Whoever has waited calls `asked`. */
  afterReading({ node, host, kubepods, withoutCeiling, gaps }: NodeReading, interval: Millis): Millis | undefined {
    if (withoutCeiling === undefined && !(isKnown(host) && isKnown(kubepods))) return this.#again(node, gaps, interval)
    this.#known.add(node)
    this.#tries.delete(node)
    return undefined
  }

  /** As `afterReading`, of a node of which nothing could be read. */
  afterFailure(node: string, failure: ReadingFailure, interval: Millis): Millis | undefined {
    return this.#again(node, [failure], interval)
  }

  asked(): void {
    this.#waiting--
  }

  #again(node: string, gaps: readonly ReadingFailure[], interval: Millis): Millis | undefined {
    if (this.#known.has(node) || this.#waiting >= mostWaiting) return undefined
    if (gaps.some(({ reason }) => lasting.has(reason))) return undefined
    const tries = this.#tries.get(node) ?? 0
    const delay = delays[tries]
    if (delay === undefined || delay >= interval) return undefined
    this.#tries.set(node, tries + 1)
    this.#waiting++
    return delay
  }
}

function isKnown({ limit, inUse }: Ceiling): boolean {
  return limit !== undefined && inUse !== undefined
}
