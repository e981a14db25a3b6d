import type { NodeFacts, PodFacts } from '../../model/cluster-objects.ts'
import type { Cache, CacheEvents } from '../../ports/cluster-cache.ts'
import type { Ledger } from './ledger.ts'

/** The caches that a ledger follows. */
export interface FollowedCaches {
  readonly nodes: Pick<Cache<NodeFacts>, 'get'>
  readonly pods: Pick<Cache<PodFacts>, 'get'>
}

/** The handlers through which the caches of nodes and pods keep a ledger up to date. A full list removes what is gone. */
export function feedOf(
  ledger: Ledger,
  caches: () => FollowedCaches
): { readonly nodes: CacheEvents<NodeFacts>; readonly pods: CacheEvents<PodFacts> } {
  return {
    nodes: {
      changed: (node) => ledger.observeNode(node),
      removed: ({ name }) => ledger.removeNode(name),
      synced: () => ledger.retainNodes((name) => caches().nodes.get(name) !== undefined)
    },
    pods: {
      changed: (pod) => ledger.observePod(pod),
      removed: ({ uid }) => ledger.removePod(uid),
      synced: () => ledger.retainPods((uid) => caches().pods.get(uid) !== undefined)
    }
  }
}
