import type { Pids } from '../model/units.ts'
import type { Ceiling, KubeletConfig, PodFacts } from '../ports.ts'
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
import type { NodeRow, PodRow, TopPolicy } from '../sources/fleet-rows.ts'
import { byPids, FleetTally } from '../sources/fleet-tally.ts'
import type { ClusterFacts } from './cluster.ts'

/** Figures of a fleet as a report holds them, added up as pods come by: what is not known is null. */
export class FleetRows {
  readonly #tally: FleetTally
  readonly #facts: ClusterFacts
  /** The biggest so far, the biggest first. */
  readonly #top: PodRow[] = []
  readonly #sizes = new Map<Pids, number>()
  /** Running pods, and those of them whose tasks are known. */
  running = 0
  read = 0

  /** Readings are to be there before the first pod. */
  constructor(facts: ClusterFacts, policy: TopPolicy) {
    this.#facts = facts
    this.#tally = new FleetTally(facts.readings, facts.readAt, policy)
  }

  add(pod: PodFacts): void {
    const row = this.#tally.add(pod)
    if (row === undefined) return
    this.running++
    if (row.pids === undefined) return
    this.read++
    const from = row.pids < 1 ? 0 : 2 ** Math.floor(Math.log2(row.pids))
    this.#sizes.set(from, (this.#sizes.get(from) ?? 0) + 1)
    this.#rank(row)
  }

  nodes(): AuditNode[] {
    const { nodes, failures, configs, configFailures } = this.#facts
    return this.#tally
      .nodeRows(nodes, failures)
      .map((row) => nodeOf(row, configs.get(row.node), configFailures.get(row.node)))
  }

  pods(): AuditPod[] {
    return this.#top.flatMap(({ namespace, pod, workload, node, pids, share, limit }) =>
      pids === undefined || node === undefined
        ? []
        : [{ namespace, name: pod, workload, node, pids, share: share ?? null, limit: limit ?? null }]
    )
  }

  workloads(): AuditWorkload[] {
    return this.#tally
      .workloadRows()
      .slice(0, mostTop)
      .flatMap(({ namespace, workload, pids, peak, pods, read, nodes }) =>
        pids === undefined || peak === undefined ? [] : [{ namespace, ...workload, pids, peak, pods, read, nodes }]
      )
  }

  /** Pods by powers of two: 0, 1, 2 to 3, 4 to 7, and so on. */
  podSizes(): AuditSummary['podSizes'] {
    return [...this.#sizes]
      .toSorted(([a], [b]) => a - b)
      .map(([from, pods]) => ({ from, to: from === 0 ? 0 : 2 * from - 1, pods }))
  }

  #rank(row: PodRow): void {
    const last = this.#top.at(-1)
    if (this.#top.length === mostTop && last !== undefined && byPids(row, last) > 0) return
    const at = this.#top.findIndex((other) => byPids(row, other) < 0)
    this.#top.splice(at < 0 ? this.#top.length : at, 0, row)
    if (this.#top.length > mostTop) this.#top.pop()
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
