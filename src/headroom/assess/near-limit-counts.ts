import type { Millis } from '../../lib/units.ts'
import type { PodFacts } from '../../model/cluster-objects.ts'
import type { Settings } from '../../policy/settings.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** What is near a limit of its own: pods of Calico, other pods, and units outside of pods such as kubelet.service. */
export interface NearLimitCounts {
  readonly calico: number
  readonly pod: number
  readonly unit: number
  /** Nodes that were read lately, and whose readings say nothing of limits of single cgroups. */
  readonly unknownNodes: number
}

/**
 * Counts what uses at least the share `audit.ownLimit` of a limit of its own, by readings that are not older than `headroom.maxAge`. `podOf`
 * gives a pod by its uid. Each pod counts once, with its fullest limit.
 */
export function nearLimitCounts(
  ledger: Ledger,
  podOf: (uid: string) => Pick<PodFacts, 'name' | 'namespace'> | undefined,
  { audit: { ownLimit }, headroom: { maxAge } }: Pick<Settings, 'audit' | 'headroom'>,
  now: Millis
): NearLimitCounts {
  const counts = { calico: 0, pod: 0, unit: 0, unknownNodes: 0 }
  for (const { facts, readingAt, nearLimits, knowsLimits } of ledger.nodes) {
    if (facts === undefined || Math.abs(now - readingAt) > maxAge) continue
    if (!knowsLimits) counts.unknownNodes++
    const pods = new Set<string>()
    for (const { of, pod = '', inUse, limit } of nearLimits ?? []) {
      if (inUse < limit * ownLimit) continue
      if (of === 'unit') counts.unit++
      else if (!pods.has(pod)) {
        pods.add(pod)
        counts[isCalico(podOf(pod)) ? 'calico' : 'pod']++
      }
    }
  }
  return counts
}

/** By its name: calico-node, calico-typha, calico-kube-controllers. */
function isCalico(pod: Pick<PodFacts, 'name' | 'namespace'> | undefined): boolean {
  return pod !== undefined && (pod.namespace === 'calico-system' || pod.name.startsWith('calico-'))
}
