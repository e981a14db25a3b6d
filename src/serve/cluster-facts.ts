import { FelixCache } from '../kube/cache/felix-cache.ts'
import { ServerVersionReader } from '../kube/server-version-reader.ts'
import type { Millis } from '../lib/units.ts'
import type { ClusterAccess } from './cluster-access.ts'
import { type ClusterWatchOptions, watchCluster } from './cluster-watch.ts'
import type { FactDeps, FactSource } from './fact-source.ts'

/**
 * How long readiness waits for the first full lists. A replica that joins others should not admit pods that they would
 * deny; but missing data must never block a cluster, so the wait is short. 150,000 pods are read within 5 s
 * (bench/sync.ts). Readiness does not wait for readings: a node may be silent for ever.
 */
const patience: Millis = 10_000

/** Facts of a live cluster. Throws ERR_USAGE. */
export async function clusterFacts(
  options: ClusterWatchOptions,
  cluster: ClusterAccess,
  deps: FactDeps
): Promise<FactSource> {
  const { clock, log } = deps
  const watch = await watchCluster(options, cluster, deps)
  const { caches, books } = watch
  const { headroom } = books
  const version = new ServerVersionReader(cluster.api)
  const felix = new FelixCache({ api: cluster.api, clock, log, random: Math.random })
  let startedAt = Number.POSITIVE_INFINITY
  let known = false
  return {
    namespaces: caches.namespaces,
    facts(namespace) {
      const limitRanges = caches.limitRanges(namespace)
      // Once known they stay known; the headroom says when the caches are too old.
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
    status: () => watch.status(),
    start() {
      startedAt = clock.monotonic()
      watch.start()
      felix.start()
      version.start(Math.random)
    },
    async stop() {
      version.stop()
      await Promise.all([watch.stop(), felix.stop()])
    }
  }
}
