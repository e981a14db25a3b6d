import { type NearLimit, nearest, nearShare } from '../../model/near-limit.ts'
import { placeOfCgroup, podOfContainer } from '../cgroup-path.ts'
import { type Matchers, more } from './ceiling-queries.ts'
import { nodeLabels } from './node-of-series.ts'
import type { Series } from './prometheus-client.ts'

const by = nodeLabels.join(', ')
/** Limits that are half used are few: Prometheus compares, so that the answer is small where a fleet has 300,000 limits. */
const near = ({ kubelet }: Matchers): string =>
  `container_threads${only(kubelet)} >= ${nearShare} * (container_threads_max${only(kubelet)} > 0)`

export type NearLimitQuery = 'known' | 'inUse' | 'limit'

/** The limits of single cgroups: which nodes have any, and those that are at least half used. */
export function nearLimitQueries(matchers: Matchers): Readonly<Record<NearLimitQuery, string>> {
  const { kubelet } = matchers
  return {
    known: `group by (${by}) (container_threads_max{container=""${more(kubelet)}})`,
    inUse: `max by (${by}, id, container) (${near(matchers)})`,
    limit: `max by (${by}, id, container) ((container_threads_max${only(kubelet)} > 0) and ${near(matchers)})`
  }
}

/** Matchers by themselves. */
function only(matchers: string): string {
  return matchers === '' ? '' : `{${matchers}}`
}

/** By node the limits that are at least half used; a node that is not in it has no series of limits. */
export function nearLimitsByNode(
  { known, inUse, limit }: Readonly<Record<NearLimitQuery, readonly Series[]>>,
  nodeOf: (series: Series) => string | undefined
): Map<string, NearLimit[]> {
  const found = new Map<string, NearLimit[]>()
  for (const series of known) {
    const node = nodeOf(series)
    if (node !== undefined) found.set(node, [])
  }
  const used = new Map(inUse.map((series) => [keyOf(series, nodeOf), series.value]))
  for (const series of limit) {
    const entry = limitOf(series, used.get(keyOf(series, nodeOf)))
    if (entry !== undefined) found.get(nodeOf(series) ?? '')?.push(entry)
  }
  return new Map([...found].map(([node, limits]) => [node, nearest(limits)]))
}

function keyOf(series: Series, nodeOf: (series: Series) => string | undefined): string {
  return `${nodeOf(series)} ${series.labels['id']}`
}

/** undefined: of no pod, container or unit. What is above kubepods is a ceiling of all pods, and not asked for here. */
function limitOf({ labels, value }: Series, inUse: number | undefined): NearLimit | undefined {
  const { id = '', container = '' } = labels
  if (inUse === undefined || id === '' || id === '/') return undefined
  const place = placeOfCgroup(id)
  if (place !== undefined) {
    return place.pod === undefined ? undefined : { of: 'pod', pod: place.pod, name: '', limit: value, inUse }
  }
  const pod = podOfContainer(id)
  if (pod !== undefined) return { of: 'container', pod, name: container, limit: value, inUse }
  return id.includes('kubepods') ? undefined : { of: 'unit', name: id, limit: value, inUse }
}
