import type { Millis } from '../lib/units.ts'
import type { NodeFacts } from '../model/cluster-objects.ts'
import type { ReadingTarget } from '../model/node-reading.ts'
import type { NodeReadings, ReadingSink } from '../ports/readings.ts'
import { SecondLooks } from './second-looks.ts'

export interface RoundOptions {
  readonly readings: NodeReadings
  /** The nodes there are now; asked at the start of each round. */
  targets(): readonly ReadingTarget[]
  readonly sink: ReadingSink
  readonly interval: Millis
  /** A round threw, which its port forbids: it is reported, and the next one starts. */
  onFault(error: unknown): void
}

export interface Rounds {
  /** Reads a node at once that is due, see `isDueNow`: its next round may be twice the interval away. Those of one turn are read together. */
  readSoon(target: ReadingTarget): void
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>
}

/** The share of the interval over which the starts of one round are spread; the rest is for answers to come in. */
const spreadShare = 0.8
/** The first round is quick: until it is through, headroom is not known. */
const firstSpread: Millis = 2_000

const notReady = 'node.kubernetes.io/not-ready'

/**
 * Whether a node is to be read at once: it is new, has its address only now (a cloud's controller may set it), or its taint `not-ready` is
 * gone. Many a kubelet does not answer, or not with all figures, before its node is ready, and pods that wait land there in the
 * moment in which it is.
 */
export function isDueNow(node: DueFacts, before: DueFacts | undefined): boolean {
  const isNotReady = ({ taints }: DueFacts): boolean => taints.some(({ key }) => key === notReady)
  return (
    before === undefined ||
    (before.address === undefined && node.address !== undefined) ||
    (isNotReady(before) && !isNotReady(node))
  )
}

type DueFacts = Pick<NodeFacts, 'taints' | 'address'>

/**
 * Reads all nodes once per interval. A round does not wait for the one before, so a node that hangs delays no other. A node that
 * has never been read in full is asked again sooner (see second-looks.ts).
 */
export function startRounds({ readings, targets, sink, interval, onFault }: RoundOptions): Rounds {
  const abort = new AbortController()
  const running = new Set<Promise<void>>()
  const secondLooks = new SecondLooks()
  const timers = new Set<NodeJS.Timeout>()
  let added: ReadingTarget[] = []

  const begin = (spread: Millis, some?: () => ReadingTarget[]): void => {
    const options = { signal: abort.signal, spread, isPart: some !== undefined }
    const round = Promise.resolve()
      .then(() => readings.read((some ?? all)(), heard, options))
      .catch(onFault)
      .finally(() => running.delete(round))
    running.add(round)
  }

  function all(): readonly ReadingTarget[] {
    const now = targets()
    const names = new Set(now.map(({ name }) => name))
    secondLooks.retain((node) => names.has(node))
    return now
  }

  function ask(target: ReadingTarget): void {
    added.push(target)
    if (added.length > 1) return
    begin(0, () => {
      const batch = added
      added = []
      return batch
    })
  }

  function askAgain(node: string, delay: Millis): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      secondLooks.asked()
      const target = targets().find(({ name }) => name === node)
      if (target !== undefined) ask(target)
    }, delay)
    timers.add(timer)
  }

  const heard: ReadingSink = {
    observeReading(reading) {
      sink.observeReading(reading)
      const delay = secondLooks.afterReading(reading, interval)
      if (delay !== undefined && !abort.signal.aborted) askAgain(reading.node, delay)
    },
    observeFailure(node, failure) {
      sink.observeFailure(node, failure)
      const delay = secondLooks.afterFailure(node, failure, interval)
      if (delay !== undefined && !abort.signal.aborted) askAgain(node, delay)
    }
  }

  begin(Math.min(firstSpread, interval * spreadShare))
  const timer = setInterval(() => begin(interval * spreadShare), interval)
  return {
    readSoon(target) {
      secondLooks.forget(target.name)
      ask(target)
    },
    async stop() {
      clearInterval(timer)
      for (const each of timers) clearTimeout(each)
      abort.abort()
      await Promise.all(running)
    }
  }
}
