import { type CalicoCluster, type NodeRow, nodeRowsOf } from '../../kubernetes/calico/node-rows.ts'
import type { AuditDeps } from '../audit-deps.ts'
import type { ListedFacts } from './read-facts.ts'

/** What was listed of DaemonSets that run Felix. */
export type ListedCalico = Pick<CalicoCluster, 'daemonSets' | 'pods' | 'newest'>

/** One row for each node, where there is a DaemonSet of Felix; what lists do not say is asked of the cluster. */
export async function calicoRowsOf(
  calico: ListedCalico,
  { systems, felixConfigurations }: Pick<ListedFacts, 'systems' | 'felixConfigurations'>,
  source: AuditDeps['calico']
): Promise<readonly NodeRow[]> {
  if (calico.daemonSets.length === 0) return []
  const [kubeProxy, seen] = await Promise.all([source?.kubeProxyMode(), source?.seen(calico.pods ?? [])])
  return nodeRowsOf({
    ...calico,
    nodes: systems,
    configurations: felixConfigurations,
    kubeProxy,
    seen: seen ?? new Map()
  })
}
