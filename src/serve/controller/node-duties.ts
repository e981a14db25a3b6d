import type { Ledger } from '../../headroom/ledger/ledger.ts'
import type { AwaitingPods } from '../../leader/awaited-room.ts'
import { type CapacityCounts, CapacityPublisher, type PublisherDeps } from '../../leader/capacity/capacity-publisher.ts'
import { nodeCapacity } from '../../leader/capacity/kube-node-capacity.ts'
import { WaitingRequests } from '../../leader/capacity/waiting-requests.ts'
import { GuardStream } from '../../leader/guard/guard-stream.ts'
import { takeReservation } from '../../leader/guard/take-reservation.ts'
import type { NearFloorDeps, NearFloorEvents } from '../../leader/near-floor-events.ts'
import type { NodeTainter, TaintCounts, TainterDeps } from '../../leader/node-tainter.ts'
import type { Millis } from '../../lib/units.ts'
import type { NamespaceLookup } from '../../policy/settings.ts'
import type { HeadroomStatus } from '../../server/metrics/headroom-metrics.ts'
import type { ClusterAccess } from '../cluster-access.ts'
import { type ClusterWatch, type ClusterWatchOptions, watchCluster } from '../cluster-watch.ts'
import type { FactDeps } from '../fact-source.ts'
import { buildNodeTainter } from './build-node-tainter.ts'
import type { GuardAccess } from './guard-access.ts'

export interface NodeDutiesOptions extends ClusterWatchOptions {
  /** The leader audits, and then also posts Events on nodes that come near their floor. */
  readonly auditInterval?: Millis
}

export interface NodeDutiesDeps extends FactDeps {
  readonly meter: TainterDeps['meter'] & NearFloorDeps['meter'] & PublisherDeps['meter'] & RefusalMeter
  /** Where the one writer says what it counts; without it the watch alone does. */
  readonly guard?: GuardAccess | undefined
}

export interface RefusalMeter {
  /** A kubelet refused a pod before it ran: its node offered less than the scheduler thought. */
  countOutOfPids(): void
}

/** Taints on nodes low on PIDs, what nodes offer to the scheduler, and Events on nodes near their floor. */
export interface NodeDuties {
  /** Of the leader; it knows none before. */
  readonly namespaces: NamespaceLookup
  /** For the metrics of the leader; undefined in any other. */
  status(): HeadroomStatus | undefined
  taints(): TaintCounts | undefined
  capacity(): CapacityCounts | undefined
  nearFloor(): number | undefined
  /** Call it when this process becomes the leader; it leads until the signal. */
  lead(signal: AbortSignal): void
  /** Resolves when nothing is watched any more. */
  stop(): Promise<void>
}

/** Pods that the API server shows and that wait for a node, by size and placement. */
export function awaitingPods({ waiting, candidates }: Ledger): AwaitingPods[] {
  return [...waiting.groups].map(({ pids, count, placement }) => {
    return { key: `${pids} ${placement.signature}`, pids, count, nodes: candidates.of(placement).nodes }
  })
}

/** One time of leading: what it watches, and who works with it. */
interface NodeTerm {
  readonly watch: ClusterWatch
  readonly tainter: NodeTainter
  readonly guard: GuardStream | undefined
  readonly publisher: CapacityPublisher
  readonly nearFloor: NearFloorEvents
}

/** Watches nothing before it leads: most controllers never do. Throws ERR_USAGE. */
export async function buildNodeDuties(
  options: NodeDutiesOptions,
  cluster: ClusterAccess,
  deps: NodeDutiesDeps
): Promise<NodeDuties> {
  const { clock, log, settingsFor, meter } = deps
  const { api } = cluster
  /** Made at once, so that a mistake in the options ends the start and not the first time of leading. */
  let next: NodeTerm | undefined = await begin()
  let current: NodeTerm | undefined
  let ending: Promise<void> = Promise.resolve()

  /** Both components bring the right to write Events. */
  function areEventsWanted(): boolean {
    return options.auditInterval !== undefined || settingsFor('').headroom.taintNodes
  }

  function areReadingsWanted(): boolean {
    return areEventsWanted() || settingsFor('').headroom.schedulePids
  }

  async function begin(): Promise<NodeTerm> {
    const requests = new WaitingRequests(({ node, namespace, name }) => {
      meter.countOutOfPids()
      log.warn(
        { node, namespace, pod: name },
        'a kubelet refused a pod: its node offers fewer PIDs than when it was placed'
      )
    })
    // What its ledger hears of before the watch comes from the one writer: no other replica admits beside it.
    const watch = await watchCluster({ ...options, soleWriter: true }, cluster, deps, {
      areReadingsWanted,
      pods: [requests]
    })
    const { books, caches } = watch
    const shared = { api, headroom: books.headroom, isSynced: () => watch.isSynced, settingsFor, clock, log, meter }
    const { buildNearFloorEvents } = await import('./build-near-floor-events.ts')
    return {
      watch,
      tainter: buildNodeTainter({
        ...shared,
        waiting: () => awaitingPods(books.ledger),
        waitingSum: () => books.ledger.waiting
      }),
      guard:
        deps.guard &&
        new GuardStream({
          ...deps.guard,
          isWanted: () => settingsFor('').headroom.taintNodes,
          take: (reservation) => takeReservation(reservation, books.ledger, books.headroom),
          random: Math.random,
          log
        }),
      publisher: new CapacityPublisher({
        ...shared,
        offers: (floor, maxAge) => books.headroom.offers(floor, maxAge),
        waiting: () => requests.sizes,
        settings: () => settingsFor(''),
        capacity: nodeCapacity(api),
        random: Math.random
      }),
      nearFloor: buildNearFloorEvents({ ...shared, ledger: books.ledger, pods: caches.pods, isWanted: areEventsWanted })
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    const term = next ?? (await begin())
    next = undefined
    current = term
    term.watch.start()
    const { tainter, guard, publisher, nearFloor } = term
    await Promise.all([tainter.run(signal), guard?.run(signal), publisher.run(signal), nearFloor.run(signal)])
    // A later term may have begun before this one ended.
    if (current === term) current = undefined
    await term.watch.stop()
  }

  return {
    namespaces: { get: (name) => current?.watch.caches.namespaces.get(name) },
    // Where nodes are not read, it would say that none of them is known.
    status: () => (areReadingsWanted() ? current?.watch.status() : undefined),
    taints: () => current?.tainter.counts,
    capacity: () => current?.publisher.counts,
    nearFloor: () => current?.nearFloor.near,
    lead(signal) {
      ending = run(signal).catch((error) =>
        log.error({ err: error }, 'nodes are neither tainted nor published, and get no Events')
      )
    },
    async stop() {
      await Promise.all([ending, next?.watch.stop()])
    }
  }
}
