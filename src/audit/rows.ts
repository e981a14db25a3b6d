import type { Pids } from '../model/units.ts'
import type { Ceiling, KubeletConfig } from '../ports.ts'
import {
  type AuditCeiling,
  type AuditKubelet,
  type AuditNode,
  type AuditPod,
  type AuditSummary,
  type AuditWorkload,
  type Limit,
  mostTop
} from '../report/audit.ts'
import type { ClusterSnapshot } from '../sources/snapshot.ts'
import { type NodeRow, nodeRows, podRows, type TopPolicy, workloadRows } from '../sources/snapshot-rows.ts'

type Snapshot = Pick<ClusterSnapshot, 'takenAt' | 'nodes' | 'pods' | 'readings' | 'failures'>

export interface Rows {
  readonly nodes: readonly AuditNode[]
  readonly pods: readonly AuditPod[]
  readonly workloads: readonly AuditWorkload[]
  readonly podSizes: AuditSummary['podSizes']
  /** Running pods, and those of them whose tasks are known. */
  readonly running: number
  readonly read: number
}

/** The figures of a fleet, as a report holds them: what is not known is null. */
export function rowsOf(
  snapshot: Snapshot,
  policy: TopPolicy,
  configs: ReadonlyMap<string, KubeletConfig>,
  configFailures: ReadonlyMap<string, { readonly reason: string; readonly detail: string }>
): Rows {
  const whole: ClusterSnapshot = { ...snapshot, namespaces: [], limitRanges: new Map() }
  const pods = podRows(whole)
  return {
    nodes: nodeRows(whole, policy).map((row) => nodeOf(row, configs.get(row.node), configFailures.get(row.node))),
    pods: pods
      .slice(0, mostTop)
      .flatMap(({ namespace, pod, workload, node, pids, share, limit }) =>
        pids === undefined || node === undefined
          ? []
          : [{ namespace, name: pod, workload, node, pids, share: share ?? null, limit: limit ?? null }]
      ),
    workloads: workloadRows(whole)
      .slice(0, mostTop)
      .flatMap(({ namespace, workload, pids, peak, pods: count, read, nodes }) =>
        pids === undefined || peak === undefined
          ? []
          : [{ namespace, ...workload, pids, peak, pods: count, read, nodes }]
      ),
    podSizes: sizesOf(pods.map(({ pids }) => pids).filter((pids) => pids !== undefined)),
    running: pods.length,
    read: pods.filter(({ pids }) => pids !== undefined).length
  }
}

function nodeOf(
  row: NodeRow,
  config: KubeletConfig | undefined,
  failure: { readonly reason: string; readonly detail: string } | undefined
): AuditNode {
  return {
    node: row.node,
    host: ceilingOf(row.host),
    kubepods: ceilingOf(row.kubepods),
    tightest: row.tightest ?? null,
    used: row.used ?? null,
    committed: row.committed ?? null,
    floor: row.floor ?? null,
    free: limitOf(row.free),
    age: row.age ?? null,
    pods: row.pods,
    biggest: row.biggest ?? null,
    pidPressure: row.pidPressure ?? null,
    kubelet: config === undefined ? null : kubeletOf(config),
    missing: failure === undefined ? row.missing : [...row.missing, `${failure.reason}: ${failure.detail}`]
  }
}

function ceilingOf({ limit, inUse }: Ceiling): AuditCeiling {
  return { limit: limitOf(limit), inUse: inUse ?? null }
}

/** JSON has no Infinity. */
function limitOf(limit: Pids | undefined): Limit {
  return limit === Number.POSITIVE_INFINITY ? 'unlimited' : (limit ?? null)
}

function kubeletOf({ podPidsLimit, reserved, eviction }: KubeletConfig): AuditKubelet {
  return {
    podPidsLimit: podPidsLimit === Number.POSITIVE_INFINITY ? 'unlimited' : podPidsLimit,
    reserved: reserved ?? null,
    eviction: eviction ?? null
  }
}

/** Pods by powers of two: 0, 1, 2 to 3, 4 to 7, and so on. */
function sizesOf(counts: readonly Pids[]): AuditSummary['podSizes'] {
  const sizes = new Map<number, number>()
  for (const pids of counts) {
    const from = pids < 1 ? 0 : 2 ** Math.floor(Math.log2(pids))
    sizes.set(from, (sizes.get(from) ?? 0) + 1)
  }
  return [...sizes]
    .toSorted(([a], [b]) => a - b)
    .map(([from, pods]) => ({ from, to: from === 0 ? 0 : 2 * from - 1, pods }))
}
