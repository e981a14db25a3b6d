import { AppError } from '../errors.ts'
import { censusOf } from '../headroom/assess/fleet-census.ts'
import { feedOf } from '../headroom/ledger/cache-feed.ts'
import { type ClosableReadings, kubeletCredentials, liveReadings, type ReadingOptions } from '../host/reading-source.ts'
import { loadSnapshotFile } from '../host/snapshot-file.ts'
import { buildClusterCaches } from '../kube/cache/cluster-caches.ts'
import { FelixCache } from '../kube/cache/felix-cache.ts'
import { PodGroupSizes } from '../kube/cache/pod-group-sizes.ts'
import { ServerVersionReader } from '../kube/server-version-reader.ts'
import type { NearFloorEvents } from '../leader/near-floor-events.ts'
import { RefusedPods } from '../leader/refused-bindings.ts'
import type { Millis } from '../lib/units.ts'
import type { Cache } from '../ports/cluster-cache.ts'
import type { Log } from '../ports/runtime.ts'
import { ReadingCounts } from '../readings/reading-counts.ts'
import { type Rounds, startRounds } from '../readings/reading-loop.ts'
import { snapshotReadings } from '../snapshot/snapshot.ts'
import { buildNodeTainter } from './build-node-tainter.ts'
import type { ClusterAccess } from './cluster-access.ts'
import { buildBookkeeping, type FactDeps, type FactSource } from './fact-source.ts'

export interface ClusterFactsOptions extends ReadingOptions {
  readonly kubeconfig?: string
  /** Milliseconds between two readings of one node. */
  readonly readingsInterval: Millis
  /** The leader audits, and then also posts Events on nodes that come near their floor. */
  readonly auditInterval?: Millis
}

/**
 * How long readiness waits for the first full lists. A replica that joins others should not admit pods that they would
 * deny; but missing data must never block a cluster, so the wait is short. 150,000 pods are read within 5 s
 * (bench/sync.ts). Readiness does not wait for readings: a node may be silent for ever.
 */
const patience: Millis = 10_000

/**
 * When the API server has sent nothing for this long, the caches are out of date. A watch is silent for 90 s at most
 * before it is opened again, and the answer to that counts; so two openings have failed by then.
 */
const silence: Millis = 180_000

/** As manifests/base has it. */
const ourselves = { kind: 'Deployment', name: 'pidguard' }

/** Facts of a live cluster: caches of its objects, readings of its nodes. Throws ERR_USAGE. */
export async function clusterFacts(
  options: ClusterFactsOptions,
  { api, credentials, namespace }: ClusterAccess,
  deps: FactDeps
): Promise<FactSource> {
  const { clock, log, settingsFor, meter } = deps
  const { readings: source = 'kubelet', readingsInterval } = options
  const nodeReadings =
    source === 'snapshot'
      ? await readingsOfFile(options.snapshot, deps)
      : await liveReadings(source, options, kubeletCredentials(options, api, credentials, clock), clock)
  const isCurrent = (): boolean => isHeard(caches.nodes) && isHeard(caches.pods)
  const books = buildBookkeeping(deps, isCurrent, ({ workloads }) => workloads.get(namespace, ourselves)?.live ?? 1)
  const { ledger, headroom } = books
  const tally = new ReadingCounts(
    { observeReading: (reading) => ledger.observeReading(reading), observeFailure() {} },
    (node) => caches.nodes.get(node) !== undefined
  )
  const version = new ServerVersionReader(api)
  const refused = new RefusedPods()
  const feed = feedOf(ledger, () => caches)
  const reportTrouble = troubleReporter(tally, log)
  let startedAt = Number.POSITIVE_INFINITY
  let rounds: Rounds | undefined
  let known = false
  const watching = { api, clock, log, random: Math.random }
  const felix = new FelixCache(watching)
  const groups = new PodGroupSizes(watching, (key, size) => ledger.gangs.setSize(key, size))
  const caches = buildClusterCaches(watching, {
    nodes: [
      feed.nodes,
      {
        changed: (node, before) => before === undefined && rounds?.readSoon(node),
        removed: ({ name }) => tally.forget(name),
        synced: startReading
      }
    ],
    pods: [feed.pods, refused]
  })

  const isSynced = (): boolean => caches.nodes.state.synced && caches.pods.state.synced && isCurrent()
  const shared = { api, headroom, isSynced, settingsFor, clock, log, meter }
  const tainter = buildNodeTainter({ ...shared, largestRefused: (node) => refused.largest(node) })
  let nearFloorEvents: NearFloorEvents | undefined

  /** Both components bring the right to write Events. */
  const areEventsWanted = (): boolean => options.auditInterval !== undefined || settingsFor('').headroom.taintNodes

  /** Loaded once it leads: most replicas never do. */
  async function postNearFloor(signal: AbortSignal): Promise<void> {
    const { buildNearFloorEvents } = await import('./build-near-floor-events.ts')
    nearFloorEvents ??= buildNearFloorEvents({ ...shared, ledger, pods: caches.pods, isWanted: areEventsWanted })
    await nearFloorEvents.run(signal)
  }

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
      targets: () => [...caches.nodes.values()],
      sink: tally,
      interval: readingsInterval,
      onFault: (error) => log.error({ err: error }, 'a round of node readings failed')
    })
  }

  return {
    namespaces: caches.namespaces,
    facts(namespace) {
      const limitRanges = caches.limitRanges(namespace)
      // Once known they stay known; `isCurrent` says when the caches are too old.
      known ||= caches.nodes.state.synced && caches.pods.state.synced
      const { minor } = version
      return {
        ...(known ? { headroom } : undefined),
        ...(limitRanges === undefined ? undefined : { limitRanges }),
        ...(minor === undefined ? undefined : { serverVersion: minor }),
        ...felix.known
      }
    },
    admitted: books.admitted,
    obstacle() {
      if (caches.synced || clock.monotonic() - startedAt > patience) return undefined
      return 'nodes, pods, namespaces and limitranges have not all been read from the API server yet'
    },
    status: () => ({
      source,
      caches: [...caches.all, ...groups.all],
      readings: tally.counts,
      census: censusOf(ledger, settingsFor('').headroom, clock.now()),
      reservations: ledger.reservations,
      waiting: ledger.waiting
    }),
    taints: () => tainter.counts,
    nearFloor: () => nearFloorEvents?.near,
    lead(signal) {
      void tainter.run(signal)
      postNearFloor(signal).catch((error) => log.error({ err: error }, 'nodes near their floor get no Events'))
    },
    start() {
      startedAt = clock.monotonic()
      books.start()
      caches.start()
      felix.start()
      groups.start()
      version.start(Math.random)
    },
    async stop() {
      books.stop()
      version.stop()
      await Promise.all([rounds?.stop(), caches.stop(), felix.stop(), groups.stop()])
      await nodeReadings.close()
    }
  }
}

/** Milliseconds between two looks at the file. */
const pollEvery: Millis = 1_000

/** Readings from a file for the nodes of a cluster: for tests, and where another program reads the nodes. */
async function readingsOfFile(path: string | undefined, { clock, log }: FactDeps): Promise<ClosableReadings> {
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
