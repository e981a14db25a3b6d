import { type CalicoCluster, type NodeRow, nodeRowsOf } from '../../kubernetes/calico/node-rows.ts'
import type { AuditDeps } from '../audit-deps.ts'
import type { ListedFacts } from './read-facts.ts'

/** What was listed of DaemonSets that run Felix. */
export type ListedCalico = Pick<CalicoCluster, 'daemonSets' | 'pods' | 'newest'>

/**
 * One row for each node, where there is a DaemonSet of Felix, and the mode of kube-proxy, undefined where it is not known. What lists do not
 * say is asked of the cluster.
 */
export async function calicoRowsOf(
  calico: ListedCalico,
  { systems, felixConfigurations }: Pick<ListedFacts, 'systems' | 'felixConfigurations'>,
  source: AuditDeps['calico']
): Promise<{ readonly rows: readonly NodeRow[]; readonly kubeProxy: string | undefined }> {
  if (calico.daemonSets.length === 0) return { rows: [], kubeProxy: undefined }
  const [kubeProxy, seen] = await Promise.all([source?.kubeProxyMode(), source?.seen(calico.pods ?? [])])
  const rows = nodeRowsOf({
    ...calico,
    nodes: systems,
    configurations: felixConfigurations,
    kubeProxy,
    seen: seen ?? new Map()
  })
  return { rows, kubeProxy }
}
