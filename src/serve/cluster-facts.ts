import { AppError } from '../errors.ts'
import { censusOf } from '../headroom/assess/fleet-census.ts'
import { feedOf } from '../headroom/ledger/cache-feed.ts'
import { type ClosableReadings, liveReadings, type ReadingOptions } from '../host/reading-source.ts'
import { loadSnapshotFile } from '../host/snapshot-file.ts'
import { buildClusterCaches } from '../kube/cache/cluster-caches.ts'
import { KubeClient } from '../kube/client.ts'
import { findCredentials } from '../kube/credentials.ts'
import type { NearFloorTeller } from '../leader/near-floor-events.ts'
import { RefusedPods } from '../leader/refused-bindings.ts'
import type { Millis } from '../lib/units.ts'
import type { Cache } from '../ports/cluster-cache.ts'
import type { Log } from '../ports/runtime.ts'
import { ReadingTally } from '../readings/reading-counts.ts'
import { type Rounds, startRounds } from '../readings/reading-loop.ts'
import { snapshotReadings } from '../snapshot/snapshot.ts'
import { buildNodeTainter } from './build-node-tainter.ts'
import { buildBookkeeping, type FactDeps, type FactSource } from './fact-source.ts'

export interface ClusterFactsOptions extends ReadingOptions {
  readonly kubeconfig?: string
  /** Milliseconds between two readings of one node. */
  readonly readingsInterval: Millis
  /** The leader audits; then it also tells of nodes that come near their floor. */
  readonly auditInterval?: Millis
}

/**
 * How long readiness waits for the first full lists. A replica that joins others should not let pods by which they would
 * have stopped; but data that is missing must never be what blocks a cluster, so it is short. 150,000 pods are read
 * within 5 s (bench/sync.ts). Readings are not waited for: a node may be silent for ever.
 */
const patience: Millis = 10_000

/**
 * Without a word from the API server for this long, what the caches hold is of some time ago. A watch is silent for
 * 90 s at most before it is opened anew, and each opening is a word; two of them have failed then.
 */
const silence: Millis = 180_000

/** As manifests/base has it. */
const ourselves = { kind: 'Deployment', name: 'pidguard' }

/** Facts of a live cluster: caches of its objects, readings of its nodes. Throws ERR_CLUSTER_CONFIG and ERR_USAGE. */
export async function clusterFacts(options: ClusterFactsOptions, deps: FactDeps): Promise<FactSource> {
  const { clock, log, settingsFor, meter } = deps
  const { kubeconfig, readings: source = 'kubelet', readingsInterval } = options
  const credentials = await findCredentials({ kubeconfig, context: undefined, env: process.env, clock })
  const namespace = credentials.namespace ?? 'pidguard-system'
  const api = new KubeClient(credentials)
  const nodeReadings =
    source === 'snapshot'
      ? await readingsOfFile(options.snapshot, deps)
      : await liveReadings(source, options, credentials, clock)
  const isCurrent = (): boolean => isHeard(caches.nodes) && isHeard(caches.pods)
  const books = buildBookkeeping(deps, isCurrent, ({ workloads }) => workloads.get(namespace, ourselves)?.live ?? 1)
  const { ledger, headroom } = books
  const tally = new ReadingTally(
    { observeReading: (reading) => ledger.observeReading(reading), observeFailure() {} },
    (node) => caches.nodes.get(node) !== undefined
  )
  const refused = new RefusedPods()
  const feed = feedOf(ledger, () => caches)
  const told = troubleTeller(tally, log)
  let startedAt = Number.POSITIVE_INFINITY
  let rounds: Rounds | undefined
  let known = false
  const caches = buildClusterCaches(
    { api, clock, log, random: Math.random },
    {
      nodes: [feed.nodes, { removed: ({ name }) => tally.forget(name), synced: startReading }],
      pods: [feed.pods, refused]
    }
  )

  const isSynced = (): boolean => caches.nodes.state.synced && caches.pods.state.synced && isCurrent()
  const shared = { api, headroom, isSynced, settingsFor, clock, log, meter }
  const tainter = buildNodeTainter({ ...shared, largestRefused: (node) => refused.largest(node) })
  let teller: NearFloorTeller | undefined

  /** With the rights of either component that brings the one to write Events. */
  const isTold = (): boolean => options.auditInterval !== undefined || settingsFor('').headroom.taintNodes

  /** Loaded once it leads: most replicas never do. */
  async function tellNearFloor(signal: AbortSignal): Promise<void> {
    const { buildNearFloorTeller } = await import('./build-near-floor-events.ts')
    teller ??= buildNearFloorTeller({ ...shared, ledger, pods: caches.pods, isWanted: isTold })
    await teller.run(signal)
  }

  function isHeard({ state: { contactAt } }: Pick<Cache<unknown>, 'state'>): boolean {
    return contactAt !== undefined && clock.monotonic() - contactAt <= silence
  }

  /** Once nodes are known at all: a round before would read none of them, and the next one is far. */
  function startReading(): void {
    rounds ??= startRounds({
      readings: { read: (...round) => nodeReadings.read(...round).finally(told) },
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
      // Once known they stay so: what is too old is told by `isCurrent`.
      known ||= caches.nodes.state.synced && caches.pods.state.synced
      return { ...(known ? { headroom } : undefined), ...(limitRanges === undefined ? undefined : { limitRanges }) }
    },
    admitted: books.admitted,
    obstacle() {
      if (caches.synced || clock.monotonic() - startedAt > patience) return undefined
      return 'nodes, pods, namespaces and limitranges have not all been read from the API server yet'
    },
    status: () => ({
      source,
      caches: caches.all,
      readings: tally.counts,
      census: censusOf(ledger, settingsFor('').headroom, clock.now()),
      reservations: ledger.reservations,
      waiting: ledger.waiting
    }),
    taints: () => tainter.counts,
    nearFloor: () => teller?.near,
    lead(signal) {
      void tainter.run(signal)
      tellNearFloor(signal).catch((error) => log.error({ err: error }, 'nodes near their floor are not told of'))
    },
    start() {
      startedAt = clock.monotonic()
      books.start()
      caches.start()
    },
    async stop() {
      books.stop()
      await Promise.all([rounds?.stop(), caches.stop()])
      await Promise.all([nodeReadings.close(), api.close()])
    }
  }
}

/** Milliseconds between two looks at the file. */
const pollEvery: Millis = 1_000

/** Readings of a file for nodes of a cluster: tests, and clusters whose nodes are read by somebody else. */
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

/** Tells the log when it changes how many nodes cannot be read, and why; each round anew would be a line per round. */
function troubleTeller(tally: ReadingTally, log: Log): () => void {
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
