import type { PidsOffer } from '../../headroom/pids-offer.ts'
import { KubeError, type KubeFailure } from '../../kube/kube-error.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { Floor, Settings } from '../../policy/settings.ts'
import type { NodeCapacity } from '../../ports/node-actions.ts'
import type { Clock, Log } from '../../ports/runtime.ts'
import { aboutNode, isMissingRight } from '../node-write-failures.ts'
import { RepeatedDuty, type Term } from '../repeated-duty.ts'
import { CapacityMemory } from './capacity-history.ts'
import { type CapacityChange, type CapacityReason, planCapacity, planLeaving } from './capacity-plan.ts'

/** One node with what it offers, and what it is to offer. */
export interface OfferingNode {
  readonly name: string
  readonly offered: Pids | undefined
  readonly offer: PidsOffer
  readonly limit: Pids
}

/** Nodes, as the leader sees them. */
export interface CapacityCounts {
  /** They have the resource. */
  readonly offering: number
  /** They hold more than their pods request or are counted with, and offer nothing beyond what these request. */
  readonly overfull: number
}

export interface PublisherDeps {
  /** Every node; a reading older than `maxAge` does not count. */
  offers(floor: Floor, maxAge: Millis): Iterable<OfferingNode>
  /** The requests of pods that wait, each size once, the smallest first. */
  waiting(): readonly Pids[]
  /** Whether all nodes and pods are known: a sum of the requests of some pods would be too small. */
  isSynced(): boolean
  /** Of the policy, for no namespace in particular. */
  settings(): Pick<Settings, 'headroom'>
  readonly capacity: NodeCapacity
  readonly clock: Pick<Clock, 'monotonic'>
  readonly random: () => number
  readonly log: Log
  readonly meter: { countCapacity(reason: CapacityReason, result: 'done' | 'forbidden' | 'failed'): void }
  /** Between two looks. */
  readonly every?: Millis
}

/** Between two looks. A pod that waits is tried again by the scheduler as soon as a node offers more. */
const defaultEvery: Millis = 1_000

/**
 * Writes of one look, so at most as many a second: 5,000 nodes are published within two or three minutes, and the API server
 * has a tenth of what the Leases of as many kubelets are. Own choice.
 */
export const mostWrites = 40

/** After this many nodes that cannot be written, the rest is left for the next look. */
const mostRefused = 3

/**
 * How long no pod with a request may have come before the resource is taken away: a policy reaches the replicas of the
 * webhook within a minute and a half (the ConfigMap in a volume), and until then they give requests.
 */
export const quietBeforeLeaving: Millis = 120_000

/** Carries out `planCapacity` for as long as this process leads. At its end the nodes keep what they offer. */
export class CapacityPublisher extends RepeatedDuty<PublisherTerm> {
  constructor(deps: PublisherDeps) {
    const { every = defaultEvery, random } = deps
    super({ begin: (signal) => new PublisherTerm(deps, signal), every, random })
  }

  /** undefined while another process leads, nothing is known yet, or the policy does not want it and no node has it. */
  get counts(): CapacityCounts | undefined {
    return this.term?.counts
  }
}

class PublisherTerm implements Term {
  readonly #deps: PublisherDeps
  readonly #signal: AbortSignal
  readonly #memory = new CapacityMemory()
  /** Failures that are in the log already. A write that succeeds clears them, so the next one is logged again. */
  readonly #failures = new Set<KubeFailure>()
  /** Since when no pod waits, while the policy does not want the resource; undefined otherwise. */
  #quietSince: Millis | undefined
  #wasWanted: boolean | undefined
  counts: CapacityCounts | undefined

  constructor(deps: PublisherDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
  }

  /** Whether everything could be done. */
  async look(): Promise<boolean> {
    if (!this.#deps.isSynced()) return true
    const { seen, changes } = this.#plan()
    let writes = 0
    let refused = 0
    for (const change of changes) {
      if (this.#signal.aborted || refused >= mostRefused) return false
      // The rest of a large change is no failure: the next look comes after the usual time.
      if (writes >= mostWrites) return true
      writes++
      const outcome = await this.#carryOut(change, seen.get(change.name))
      if (outcome === 'stop') return false
      if (outcome === 'refused') refused++
    }
    return refused === 0
  }

  /** `seen`: what each node offers, as the cache shows it. */
  #plan(): { seen: ReadonlyMap<string, Pids | undefined>; changes: CapacityChange[] } {
    const { offers, waiting, settings, clock } = this.#deps
    const { floor, maxAge, schedulePids } = settings().headroom
    const now = clock.monotonic()
    const seen = new Map<string, Pids | undefined>()
    const nodes = [...offers(floor, maxAge)].map((node) => {
      seen.set(node.name, node.offered)
      return this.#memory.observe(node, now)
    })
    this.#memory.retain((name) => seen.has(name))
    const awaited = waiting()
    const offering = nodes.filter(({ offered }) => offered !== undefined)
    const overfull = offering.filter(({ offer: { free = 0 } }) => free < 0).length
    this.counts = schedulePids || offering.length > 0 ? { offering: offering.length, overfull } : undefined
    this.#say(schedulePids)
    if (schedulePids) {
      this.#quietSince = undefined
      return { seen, changes: planCapacity(nodes, awaited) }
    }
    const isAwaited = awaited.length > 0
    this.#quietSince = isAwaited ? now : (this.#quietSince ?? now)
    const isQuiet = now - this.#quietSince >= quietBeforeLeaving
    return { seen, changes: planLeaving(nodes, { isAwaited, isQuiet }) }
  }

  /** Once when it begins and once when it ends, not for each of thousands of nodes. */
  #say(isWanted: boolean): void {
    if (this.#wasWanted === isWanted) return
    if (isWanted) this.#deps.log.info({}, 'PIDs are published as a resource of the scheduler')
    else if (this.counts !== undefined)
      this.#deps.log.info({ nodes: this.counts.offering }, 'PIDs are no longer wanted as a resource of the scheduler')
    this.#wasWanted = isWanted
  }

  async #carryOut(
    { name, to, reason }: CapacityChange,
    before: Pids | undefined
  ): Promise<'done' | 'refused' | 'stop'> {
    const { capacity, clock, log, meter } = this.#deps
    try {
      const result = await capacity.write(name, to, this.#signal)
      this.#failures.clear()
      this.#memory.wrote(name, to, before, clock.monotonic())
      if (result === 'written') {
        meter.countCapacity(reason, 'done')
        log.debug({ node: name, before, to, reason }, 'node offers PIDs')
      }
      return 'done'
    } catch (cause) {
      return this.#failed(name, reason, KubeError.ofTransport(cause))
    }
  }

  #failed(node: string, reason: CapacityReason, error: KubeError): 'refused' | 'stop' {
    if (this.#signal.aborted) return 'stop'
    const { failure, message } = error
    const { meter, log } = this.#deps
    meter.countCapacity(reason, failure === 'forbidden' ? 'forbidden' : 'failed')
    if (!this.#failures.has(failure)) {
      this.#failures.add(failure)
      const hint = isMissingRight(error) ? { hint: component } : undefined
      log.warn({ node, failure, error: message, ...hint }, 'what a node offers of PIDs is not written')
    }
    return aboutNode.has(failure) ? 'refused' : 'stop'
  }
}

const component = 'Add the component manifests/components/scheduler, or set spec.headroom.schedulePids to false.'
