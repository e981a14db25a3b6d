import { isDeepStrictEqual } from 'node:util'
import type { Millis, Pids } from '../../lib/units.ts'
import { type Ceiling, lackOfLimits } from '../../model/node-reading.ts'
import type { Clock } from '../../ports/runtime.ts'
import { isKnown, isWhole, mustHaveFigure, unattributedIn } from '../ceiling-account.ts'
import { CandidateSets } from './candidate-sets.ts'
import { NodeEntry } from './entries.ts'
import type { LedgerNode, LedgerReading } from './ledger-inputs.ts'
import { dropReading, giveBack, sampleLag, shareReading, withoutEnded } from './reading-shares.ts'
import { claimsOn, settle } from './sums.ts'

/**
 * How long the last known figures of a ceiling stand in for readings that lack it. A kubelet leaves out all of cAdvisor's
 * figures when one container comes or goes while it is asked ("Couldn't get containers: partial failures" in its log, seen
 * with v1.20). That is just when pods are created, so a ceiling that was known a moment ago must not become unknown then.
 */
export const bridgedTime: Millis = 60_000

/**
 * How far a reading may lie in the future before we conclude that the clock was set back. Readings are dated by our own
 * wall clock, so a reading from the future is always wrong. Own choice: a clock that is set back by less delays readings
 * by no more than this.
 */
export const clockSlack: Millis = 1_000

/**
 * How much older a reading may look and still be the later one. A reading is dated by the Date header of the kubelet's answer,
 * in whole seconds, so two answers with one sample of cAdvisor come in either order; both have newer figures of the node.
 */
export const dateSlack: Millis = 1_000

/** How long the reading of a node that the API server does not know is kept. Own choice: several rounds of readings. */
const orphanedTime: Millis = 5 * 60_000

/** The nodes of the ledger and what they last reported. A reading costs one step per pod of its node. */
export class NodeBook {
  readonly candidates: CandidateSets<NodeEntry>
  readonly #clock: Clock
  readonly #isPod: (uid: string) => boolean
  readonly #nodes = new Map<string, NodeEntry>()

  /** `isPod`: whether the uid is a pod's on the ledger. */
  constructor(clock: Clock, isPod: (uid: string) => boolean) {
    this.#clock = clock
    this.#isPod = isPod
    this.candidates = new CandidateSets(
      () => this.#nodes.values(),
      (name) => this.#nodes.get(name)
    )
  }

  /** Also nodes that the API server does not know: look at `facts`. */
  get all(): Iterable<NodeEntry> {
    return this.#nodes.values()
  }

  get(name: string): NodeEntry | undefined {
    return this.#nodes.get(name)
  }

  /** The entry of the node; a new one where there is none. */
  open(name: string): NodeEntry {
    let node = this.#nodes.get(name)
    if (node === undefined) {
      node = new NodeEntry(name)
      this.#nodes.set(name, node)
    }
    return node
  }

  observe(facts: LedgerNode): void {
    const node = this.open(facts.name)
    const held = node.facts
    node.facts = facts
    // The same name on another machine: the reading of the old machine is not true of the new one.
    if (held !== undefined && held.uid !== facts.uid) dropReading(node)
    if (held === undefined || !isSamePlace(held, facts)) this.candidates.changed(node)
  }

  /** Pods may still be on the node for a moment, until the API server removes them too. */
  remove(name: string): void {
    const node = this.#nodes.get(name)
    if (node === undefined) return
    node.facts = undefined
    dropReading(node)
    this.candidates.changed(node)
    this.dropIfEmpty(node)
  }

  /** After a full list: removes the nodes that are not in it. */
  retain(has: (name: string) => boolean): void {
    for (const node of this.#nodes.values()) {
      if (node.facts !== undefined && !has(node.name)) this.remove(node.name)
    }
  }

  /**
   * Ignores a reading that is older than the one held by more than `dateSlack`, unless the one held is from the future because the clock was set
   * back, or lacks a ceiling that this one knows: what a kernel counts is of now, what cAdvisor samples is some seconds older. If a reading lacks a ceiling, the last known one is kept for `bridgedTime`, and the node is dated by the older
   * of the two. Until that ceiling is read again, growth of single pods is added to it and shrinkage is ignored: we count
   * too much rather than too little.
   */
  observeReading(told: LedgerReading): void {
    const node = this.open(told.node)
    const since = told.at - node.readingAt
    const isFuture = node.readingAt > this.#clock.now() + clockSlack
    const isFuller = !node.isWhole && isWhole(told) && since >= -bridgedTime
    if (since < -dateSlack && !isFuture && !isFuller) return
    const reading = withoutEnded(node, told)
    const isBridged = node.isWhole && !isWhole(reading) && since >= -dateSlack && since < bridgedTime
    // Without figures of pods, the last figures of each pod stay.
    const growth =
      reading.pods === undefined ? 0 : shareReading(node, reading.pods, reading.at, (uid) => this.#isPod(uid))
    if (!isBridged) node.readingAt = isFuture || isFuller ? reading.at : Math.max(node.readingAt, reading.at)
    node.host = isBridged && !isKnown(reading.host) ? grown(node.host, growth) : reading.host
    node.kubepods = isBridged && !isKnown(reading.kubepods) ? grown(node.kubepods, growth) : reading.kubepods
    node.isWhole = isWhole(node)
    // The sample is older than their end.
    for (const pod of node.pods) {
      if (pod.hasFinished) giveBack(pod)
      const sampledBy = told.at - sampleLag
      if (pod.endingSince !== undefined && reading.pods !== undefined && sampledBy >= pod.endingSince) settle(pod)
    }
    // No more than these pods may still take: one that comes later counts in full.
    const unattributed = isBridged ? 0 : unattributedIn(reading, lacksFigures(node, told))
    node.unattributed = Math.min(unattributed, node.pending)
    // Now rather than at the next review, which may ask all nodes.
    if (node.claims !== undefined) claimsOn(node)
    // Where there is no ceiling there are no limits either.
    node.nearLimits = reading.withoutCeiling === undefined ? reading.nearLimits : []
    node.knowsLimits = lackOfLimits({ nearLimits: node.nearLimits, gaps: reading.gaps ?? [] }) === undefined
  }

  /** Forgets a node that the API server does not know, that has no pods and no reading. */
  dropIfEmpty(node: NodeEntry): void {
    if (node.facts === undefined && node.pods.length === 0 && node.readingAt === Number.NEGATIVE_INFINITY) {
      this.#nodes.delete(node.name)
    }
  }

  /** Drops old readings of nodes that the API server does not know: they came after the node was removed. */
  sweep(): void {
    for (const node of this.#nodes.values()) {
      if (node.facts === undefined && this.#clock.now() - node.readingAt > orphanedTime) {
        dropReading(node)
        this.dropIfEmpty(node)
      }
    }
  }
}

/** Whether the reading has no figure of a pod that it must have one of. */
function lacksFigures({ pods }: NodeEntry, reading: LedgerReading): boolean {
  return pods.some((pod) => {
    return pod.state === 'bound' && reading.pods?.has(pod.cgroup) === false && mustHaveFigure(pod, reading.at)
  })
}

function grown({ limit, inUse }: Ceiling, growth: Pids): Ceiling {
  return { limit, inUse: inUse === undefined ? undefined : inUse + growth }
}

/** Equal in everything that decides which pods may land on the node. */
function isSamePlace(a: LedgerNode, b: LedgerNode): boolean {
  return (
    a.unschedulable === b.unschedulable &&
    isDeepStrictEqual(a.taints, b.taints) &&
    isDeepStrictEqual(a.labels, b.labels)
  )
}
