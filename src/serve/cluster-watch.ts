import { AppError } from '../errors.ts'
import { censusOf } from '../headroom/assess/fleet-census.ts'
import { nearLimitCounts } from '../headroom/assess/near-limit-counts.ts'
import { feedOf } from '../headroom/ledger/cache-feed.ts'
import { type ClosableReadings, kubeletCredentials, liveReadings, type ReadingOptions } from '../host/reading-source.ts'
import { loadSnapshotFile } from '../host/snapshot-file.ts'
import { buildClusterCaches, type ClusterCaches } from '../kube/cache/cluster-caches.ts'
import { PodGroupSizes } from '../kube/cache/pod-group-sizes.ts'
import { serverVersionOnce } from '../kube/server-version-reader.ts'
import { schedulerOf } from '../kubernetes/pods/pod-groups.ts'
import type { Millis } from '../lib/units.ts'
import type { PodFacts } from '../model/cluster-objects.ts'
import type { Cache, CacheEvents } from '../ports/cluster-cache.ts'
import type { Log } from '../ports/runtime.ts'
import { ReadingCounts } from '../readings/reading-counts.ts'
import { isDueNow, type Rounds, startRounds } from '../readings/reading-loop.ts'
import type { HeadroomStatus } from '../server/metrics/headroom-metrics.ts'
import { snapshotReadings } from '../snapshot/snapshot.ts'
import { type ClusterAccess, installed } from './cluster-access.ts'
import { type Bookkeeping, buildBookkeeping, type FactDeps } from './fact-source.ts'

export interface ClusterWatchOptions extends ReadingOptions {
  readonly kubeconfig?: string
  /** Milliseconds between two readings of one node. */
  readonly readingsInterval: Millis
  /** No other replica decides on pods and bindings. */
  readonly soleWriter?: boolean
}

/** What both processes of an installation know of their cluster: caches of its objects, readings of its nodes. */
export interface ClusterWatch {
  readonly caches: ClusterCaches
  readonly books: Bookkeeping
  /** Whether all nodes and pods are known, and the API server was heard of late. */
  readonly isSynced: boolean
  status(): HeadroomStatus
  start(): void
  stop(): Promise<void>
}

export interface WatchEvents {
  readonly pods?: readonly CacheEvents<PodFacts>[]
  /** Whether nodes are read at all; always where it is not said. */
  areReadingsWanted?(): boolean
}

/**
 * When the API server has sent nothing for this long, the caches are out of date. A watch is silent for 90 s at most
 * before it is opened again, and the answer to that counts; so two openings have failed by then.
 */
const silence: Millis = 180_000

/** The Deployment whose pods admit: reservations of one are not seen by the others. */
const admitting = { kind: 'Deployment', name: installed }

/** Watches nothing before `start`. Throws ERR_USAGE. */
export async function watchCluster(
  options: ClusterWatchOptions,
  { api, credentials, namespace }: ClusterAccess,
  deps: Pick<FactDeps, 'clock' | 'log' | 'settingsFor'>,
  { pods = [], areReadingsWanted = () => true }: WatchEvents = {}
): Promise<ClusterWatch> {
  const { clock, log, settingsFor } = deps
  const { readings: source = 'kubelet', readingsInterval } = options
  const nodeReadings =
    source === 'snapshot'
      ? await readingsOfFile(options.snapshot, deps)
      : await liveReadings(source, options, kubeletCredentials(options, api, credentials, clock), clock)
  const isCurrent = (): boolean => isHeard(caches.nodes) && isHeard(caches.pods)
  const books = buildBookkeeping(deps, isCurrent, ({ workloads }) =>
    options.soleWriter === true ? 1 : (workloads.get(namespace, admitting)?.live ?? 1)
  )
  const { ledger } = books
  const tally = new ReadingCounts(
    { observeReading: (reading) => ledger.observeReading(reading), observeFailure() {} },
    (node) => caches.nodes.get(node) !== undefined
  )
  const feed = feedOf(ledger, () => caches)
  const reportTrouble = troubleReporter(tally, log)
  let rounds: Rounds | undefined
  const watching = { api, clock, log, random: Math.random, serverVersion: serverVersionOnce(api) }
  const groups = new PodGroupSizes(watching, (key, size) => ledger.gangs.setSize(key, size))
  ledger.gangs.whenUnknown((group) => groups.lookSoon(schedulerOf(group)))
  const caches = buildClusterCaches(watching, {
    nodes: [
      feed.nodes,
      {
        changed: (node, before) => isDueNow(node, before) && areReadingsWanted() && rounds?.readSoon(node),
        removed: ({ name }) => tally.forget(name),
        synced: startReading
      }
    ],
    pods: [feed.pods, ...pods]
  })

  function isHeard({ state: { contactAt } }: Pick<Cache<unknown>, 'state'>): boolean {
    return contactAt !== undefined && clock.monotonic() - contactAt <= silence
  }

  /**
   * The first round waits until nodes are known: an earlier one would read none of them, and the next comes only after the
   * interval.
   */
  function startReading(): void {
    rounds ??= startRounds({
      readings: { read: (...round) => nodeReadings.read(...round).finally(reportTrouble) },
      targets: () => (areReadingsWanted() ? [...caches.nodes.values()] : []),
      sink: tally,
      interval: readingsInterval,
      onFault: (error) => log.error({ err: error }, 'a round of node readings failed')
    })
  }

  return {
    caches,
    books,
    get isSynced() {
      return caches.nodes.state.synced && caches.pods.state.synced && isCurrent()
    },
    status: () => ({
      source,
      caches: [...caches.all, ...groups.all],
      readings: tally.counts,
      trouble: tally.trouble?.reasons ?? {},
      census: censusOf(ledger, settingsFor('').headroom, clock.now()),
      nearLimits: nearLimitCounts(ledger, (uid) => caches.pods.get(uid), settingsFor(''), clock.now()),
      reservations: ledger.reservations,
      waiting: ledger.waiting
    }),
    start() {
      books.start()
      caches.start()
      groups.start()
    },
    async stop() {
      books.stop()
      await Promise.all([rounds?.stop(), caches.stop(), groups.stop()])
      await nodeReadings.close()
    }
  }
}

/** Milliseconds between two looks at the file. */
const pollEvery: Millis = 1_000

/** Readings from a file for the nodes of a cluster: for tests, and where another program reads the nodes. */
async function readingsOfFile(
  path: string | undefined,
  { clock, log }: Pick<FactDeps, 'clock' | 'log'>
): Promise<ClosableReadings> {
  if (path === undefined) throw new AppError('ERR_USAGE', '--readings snapshot needs --snapshot FILE')
  const file = await loadSnapshotFile(path)
  const polled = file.watch(pollEvery, log, () => {})
  return {
    read: (...round) => snapshotReadings(file.current, clock).read(...round),
    async close() {
      polled.stop()
    }
  }
}

/** Logs how many nodes cannot be read, and why, when that has changed since the round before. */
function troubleReporter(tally: ReadingCounts, log: Log): () => void {
  let before = ''
  return () => {
    const { trouble } = tally
    const now = JSON.stringify(trouble?.reasons ?? {})
    if (now === before) return
    if (trouble !== undefined) log.warn(trouble, 'nodes cannot be read, or not in full')
    else if (before !== '') log.info({}, 'all nodes are read again')
    before = now
  }
}
