import { AppError } from '../../errors.ts'
import type { LimitRangeItem } from '../../kubernetes/types.ts'
import { isRecord } from '../../lib/json/shape.ts'
import type { NamedNamespace, NodeFacts, PodFacts } from '../../model/cluster-objects.ts'
import type { KubeApi } from '../client.ts'
import { KubeError } from '../kube-error.ts'
import { readPages } from '../paged-list.ts'
import { limitRangeKind, namespaceKind, nodeKind } from './cached-kinds.ts'
import { buildPodKind } from './cached-pods.ts'
import type { Kind } from './kind.ts'

/** The objects of a cluster, read once. */
export interface Collected {
  readonly nodes: readonly NodeFacts[]
  readonly pods: readonly PodFacts[]
  readonly namespaces: readonly NamedNamespace[]
  readonly limitRanges: ReadonlyMap<string, readonly LimitRangeItem[]>
}

/** Reads all Nodes and Pods, and Namespaces and LimitRanges where that is allowed. Throws ERR_CLUSTER_UNREACHABLE. */
export async function collectCluster(api: KubeApi, signal: AbortSignal): Promise<Collected> {
  const [nodes, pods, namespaces, ranges] = await Promise.all([
    readAll(api, nodeKind, signal),
    readAll(api, buildPodKind({ runtimes: true }), signal),
    orNone(readAll(api, namespaceKind, signal)),
    orNone(readAll(api, limitRangeKind, signal))
  ])
  const limitRanges = new Map<string, LimitRangeItem[]>()
  for (const { namespace, limits } of ranges) {
    limitRanges.set(namespace, [...(limitRanges.get(namespace) ?? []), ...limits])
  }
  return { nodes, pods, namespaces, limitRanges }
}

async function readAll<T>(api: KubeApi, kind: Kind<T>, signal: AbortSignal): Promise<T[]> {
  const values: T[] = []
  try {
    await readPages(api, kind.path, kind.firstPage, signal, (items) => {
      for (const item of items) if (isRecord(item)) values.push(kind.project(item))
    })
    return values
  } catch (cause) {
    const error = KubeError.ofTransport(cause)
    throw new AppError('ERR_CLUSTER_UNREACHABLE', `${kind.resource} cannot be listed: ${error.message}`, {
      cause: error
    })
  }
}

/** An empty list when it is forbidden: a person who may list nodes and pods may lack the right to list these. */
async function orNone<T>(values: Promise<T[]>): Promise<T[]> {
  try {
    return await values
  } catch (error) {
    const cause = error instanceof AppError ? error.cause : undefined
    if (cause instanceof KubeError && cause.failure === 'forbidden') return []
    throw error
  }
}
