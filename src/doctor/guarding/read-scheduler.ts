import { limitRangeKind, nodeFactsOf, nodeKind } from '../../kube/cache/cached-kinds.ts'
import type { KubeApi } from '../../kube/client.ts'
import { KubeError } from '../../kube/kube-error.ts'
import { readPages } from '../../kube/paged-list.ts'
import { pidsIn, pidsResource } from '../../kubernetes/qos/pids-request.ts'
import type { LimitRangeItem } from '../../kubernetes/types.ts'
import { isRecord, type JsonRecord, textOf } from '../../lib/json/shape.ts'
import { readKueue } from './read-kueue.ts'
import type { SchedulerView } from './scheduler-checks.ts'

/**
 * Nodes, LimitRanges, NodeOverlays and Kueue's queues of a cluster whose policy schedules PIDs. Where it does not, some nodes, to see whether
 * anything is left of it. undefined where the user may not list nodes. Throws KubeError.
 */
export async function readScheduler(api: KubeApi, isScheduled: boolean): Promise<SchedulerView | undefined> {
  const nodes = await orUndefined(readNodes(api, isScheduled))
  if (nodes === undefined) return undefined
  if (!isScheduled) return { nodes, hasNodeOverlays: false, demanding: [], kueue: undefined }
  const [demanding = [], hasNodeOverlays = false, kueue] = await Promise.all([
    orUndefined(readDemanding(api)),
    orUndefined(overlaysNameIt(api)),
    orUndefined(readKueue(api))
  ])
  return { nodes, demanding, hasNodeOverlays, kueue }
}

async function readNodes(api: KubeApi, areAllWanted: boolean): Promise<SchedulerView['nodes']> {
  const nodes: SchedulerView['nodes'][number][] = []
  const keep = (items: readonly unknown[]): void => {
    for (const item of items) if (isRecord(item)) nodes.push(nodeOf(item))
  }
  if (areAllWanted) await readPages(api, nodeKind.path, nodeKind.firstPage, new AbortController().signal, keep)
  else {
    const query = { limit: String(nodeKind.firstPage) }
    keep((await api.call<{ items: readonly unknown[] }>(nodeKind.path, { query })).items)
  }
  return nodes
}

function nodeOf(object: JsonRecord): SchedulerView['nodes'][number] {
  const { name, offered, createdAt, labels } = nodeFactsOf(object)
  const status = isRecord(object['status']) ? object['status'] : {}
  const info = isRecord(status['nodeInfo']) ? status['nodeInfo'] : {}
  return { name, offered, createdAt, labels, kubeletVersion: textOf(info['kubeletVersion']) }
}

async function readDemanding(api: KubeApi): Promise<string[]> {
  const found: string[] = []
  const { path, firstPage, project } = limitRangeKind
  await readPages(api, path, firstPage, new AbortController().signal, (items) => {
    for (const item of items) {
      if (!isRecord(item)) continue
      const { namespace, name, limits } = project(item)
      if (limits.some(demands)) found.push(`${namespace}/${name}`)
    }
  })
  return found
}

/** A minimum or maximum asks for the request of every container; a default gives it one. */
function demands({ type, min, max, default: given, defaultRequest }: LimitRangeItem): boolean {
  if (type !== 'Container' || (pidsIn(min) === undefined && pidsIn(max) === undefined)) return false
  return pidsIn(given) === undefined && pidsIn(defaultRequest) === undefined
}

async function overlaysNameIt(api: KubeApi): Promise<boolean> {
  const { items } = await api.call<{ items: readonly JsonRecord[] }>('/apis/karpenter.sh/v1alpha1/nodeoverlays')
  return items.some(({ spec }) => isRecord(spec) && isRecord(spec['capacity']) && pidsResource in spec['capacity'])
}

/** undefined for what is not there, or may not be read. */
async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (cause) {
    const error = KubeError.ofTransport(cause)
    if (error.failure === 'forbidden' || error.failure === 'not-found') return undefined
    throw error
  }
}
