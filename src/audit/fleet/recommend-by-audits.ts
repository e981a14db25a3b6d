import type { NodeFacts } from '../../model/cluster-objects.ts'
import { outsideOf } from '../../model/task-places.ts'
import type { Settings } from '../../policy/settings.ts'
import type { Moments, NodeMoment } from '../../recommend/moments.ts'
import { recommend } from '../../recommend/recommend.ts'
import type { AuditCeiling } from '../../report/audit/audit-fleet.ts'
import type { AuditAdvice } from '../../report/audit/audit-recommendations.ts'
import { type AuditReport, mostTop } from '../../report/audit/audit-report.ts'

/** What an audit says of nodes, pods and workloads. */
export type SeenByAudit = Pick<AuditReport, 'takenAt' | 'nodes' | 'pods' | 'workloads'>

/** What is recommended by some audits of one cluster; `facts` are its nodes now. */
export function recommendationsOf(
  audits: readonly SeenByAudit[],
  facts: readonly NodeFacts[],
  { podShare, pidMax }: Pick<Settings['audit'], 'podShare' | 'pidMax'>
): AuditAdvice {
  const known = new Map(facts.map((each) => [each.name, each]))
  const moments = audits.map((audit) => momentsOf(audit, known))
  const { pools, workloads } = recommend(
    { nodes: moments.flatMap(({ nodes }) => nodes), workloads: moments.flatMap((each) => each.workloads) },
    { podShare, pidMax }
  )
  return {
    pools: pools.slice(0, mostTop).map(({ pool, platform, basis, lack, settings, checks }) => {
      return { pool, platform, basis, lack, settings, checks }
    }),
    workloads: workloads.slice(0, mostTop).map(({ declared: _, ...workload }) => workload)
  }
}

function momentsOf({ takenAt, nodes, pods, workloads }: SeenByAudit, known: ReadonlyMap<string, NodeFacts>): Moments {
  const at = Date.parse(takenAt)
  const podsByNode = Map.groupBy(pods, ({ node }) => node)
  return {
    nodes: nodes.flatMap(({ node, host, kubepods, pods: count, biggest, age }): NodeMoment[] => {
      const facts = known.get(node)
      if (age === null || facts === undefined || host.limit === 'unlimited') return []
      const [ofNode, ofKubepods] = [ceilingOf(host), ceilingOf(kubepods)]
      const top = podsByNode.get(node) ?? []
      return [
        {
          node,
          at,
          labels: facts.labels,
          memory: facts.memory,
          host: ofNode,
          kubepods: ofKubepods,
          outside: outsideOf(ofNode.inUse, ofKubepods.inUse),
          pods: count,
          biggest: top.length > 0 ? top.map(({ pids }) => pids) : biggest === null ? [] : [biggest.pids]
        }
      ]
    }),
    workloads: workloads.map(({ namespace, kind, name, peak, pods: count, runtime }) => {
      return { namespace, kind, name, at, peak, pods: count, declared: undefined, runtime }
    })
  }
}

function ceilingOf({ limit, inUse }: AuditCeiling) {
  return { limit: limit === 'unlimited' ? Number.POSITIVE_INFINITY : (limit ?? undefined), inUse: inUse ?? undefined }
}
