import type { LimitRangeItem } from '../../kubernetes/types.ts'
import type { NamedNamespace, NodeFacts, PodFacts } from '../../model/cluster-objects.ts'
import type { Cache, CacheEvents } from '../../ports/cluster-cache.ts'
import { type LimitRangeFacts, limitRangeKind, namespaceKind, nodeKind } from './cached-kinds.ts'
import { buildPodKind } from './cached-pods.ts'
import { Reflector, type ReflectorDeps } from './reflector.ts'

/** Local copies of the objects of a cluster, kept up to date. */
export interface ClusterCaches {
  readonly nodes: Cache<NodeFacts>
  readonly pods: Cache<PodFacts>
  readonly namespaces: Cache<NamedNamespace>
  /** All limits of the namespace; empty when it has none, undefined while that is not known. */
  limitRanges(namespace: string): readonly LimitRangeItem[] | undefined
  /** All four, by the name of their resource. */
  readonly all: readonly { readonly resource: string; readonly cache: Pick<Cache<unknown>, 'size' | 'state'> }[]
  /** All four have been read in full at least once. */
  readonly synced: boolean
  start(): void
  stop(): Promise<void>
}

export interface ClusterEvents {
  readonly nodes?: readonly CacheEvents<NodeFacts>[]
  readonly pods?: readonly CacheEvents<PodFacts>[]
  readonly namespaces?: readonly CacheEvents<NamedNamespace>[]
}

export function buildClusterCaches(deps: ReflectorDeps, events: ClusterEvents = {}): ClusterCaches {
  const limits = new LimitRangeIndex()
  const nodes = new Reflector(nodeKind, deps, events.nodes)
  const pods = new Reflector(buildPodKind(), deps, events.pods)
  const namespaces = new Reflector(namespaceKind, deps, events.namespaces)
  const limitRanges = new Reflector(limitRangeKind, deps, [limits])
  const all = [namespaces, limitRanges, nodes, pods]
  return {
    nodes,
    pods,
    namespaces,
    limitRanges(namespace) {
      const held = limits.of(namespace)
      // While we have not seen a namespace, we may not have seen its limits either.
      return limitRanges.state.synced && (held.length > 0 || namespaces.get(namespace) !== undefined) ? held : undefined
    },
    all: all.map((cache) => ({ resource: cache.resource, cache })),
    get synced() {
      return all.every(({ state }) => state.synced)
    },
    start() {
      for (const reflector of all) reflector.start()
    },
    async stop() {
      await Promise.all(all.map((reflector) => reflector.stop()))
    }
  }
}

const none: readonly LimitRangeItem[] = []

/** The limits of each namespace as one list. It is made when they change, not when a review asks for them. */
export class LimitRangeIndex implements CacheEvents<LimitRangeFacts> {
  readonly #ranges = new Map<string, Map<string, readonly LimitRangeItem[]>>()
  readonly #lists = new Map<string, readonly LimitRangeItem[]>()

  of(namespace: string): readonly LimitRangeItem[] {
    return this.#lists.get(namespace) ?? none
  }

  changed({ namespace, name, limits }: LimitRangeFacts): void {
    const ranges = this.#ranges.get(namespace) ?? new Map<string, readonly LimitRangeItem[]>()
    ranges.set(name, limits)
    this.#ranges.set(namespace, ranges)
    this.#rebuild(namespace)
  }

  removed({ namespace, name }: LimitRangeFacts): void {
    this.#ranges.get(namespace)?.delete(name)
    this.#rebuild(namespace)
  }

  #rebuild(namespace: string): void {
    const ranges = this.#ranges.get(namespace)
    if (ranges === undefined || ranges.size === 0) {
      this.#ranges.delete(namespace)
      this.#lists.delete(namespace)
    } else {
      this.#lists.set(namespace, [...ranges.values()].flat())
    }
  }
}
