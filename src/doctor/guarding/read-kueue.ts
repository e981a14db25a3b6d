import type { KubeApi } from '../../kube/client.ts'
import { readPages } from '../../kube/paged-list.ts'
import { pidsResource } from '../../kubernetes/qos/pids-request.ts'
import { isRecord, type JsonRecord, recordsOf, textOf } from '../../lib/json/shape.ts'
import type { KueueView } from './kueue-checks.ts'

const group = '/apis/kueue.x-k8s.io'
const page = 500

/** Kueue's queues and what waits in them or was admitted. Throws KubeError, also where there is no Kueue. */
export async function readKueue(api: KubeApi): Promise<KueueView> {
  const { preferredVersion } = await api.call<{ preferredVersion: { version: string } }>(group)
  const list = async (plural: string, keep: (item: JsonRecord) => void): Promise<void> => {
    const path = `${group}/${preferredVersion.version}/${plural}`
    await readPages(api, path, page, new AbortController().signal, (items) => items.filter(isRecord).forEach(keep))
  }
  const covering = new Set<string>()
  await list('clusterqueues', ({ metadata, spec }) => {
    const groups = recordsOf(isRecord(spec) ? spec['resourceGroups'] : undefined)
    const covers = groups.some(
      ({ coveredResources: covered }) => Array.isArray(covered) && covered.includes(pidsResource)
    )
    if (covers && isRecord(metadata)) covering.add(textOf(metadata['name']))
  })
  const uncounted: string[] = []
  const heldBack: string[] = []
  await list('workloads', (workload) => {
    const { metadata, status } = workload
    if (!isRecord(metadata) || !isRecord(status)) return
    const name = `${textOf(metadata['namespace'])}/${textOf(metadata['name'])}`
    const conditions = recordsOf(status['conditions'])
    if (conditions.some(({ type, status }) => type === 'Finished' && status === 'True')) return
    if (isUncounted(status, covering)) uncounted.push(name)
    if (conditions.some(lacksQuota)) heldBack.push(name)
  })
  return { uncounted, heldBack }
}

/** Admitted where the resource has a quota, with pods for which none of it was counted. */
function isUncounted({ admission }: JsonRecord, covering: ReadonlySet<string>): boolean {
  if (!isRecord(admission) || !covering.has(textOf(admission['clusterQueue']))) return false
  return recordsOf(admission['podSetAssignments']).some(
    ({ count, resourceUsage }) => count !== 0 && !(isRecord(resourceUsage) && pidsResource in resourceUsage)
  )
}

/** As Kueue words it where the ClusterQueue names no quota of a resource (pkg/scheduler/flavorassigner, v0.17 and v0.19). */
function lacksQuota({ type, status, message }: JsonRecord): boolean {
  return (
    type === 'QuotaReserved' &&
    status === 'False' &&
    textOf(message).includes(`resource ${pidsResource} unavailable in ClusterQueue`)
  )
}
