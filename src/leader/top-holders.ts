import type { CeilingAccount } from '../headroom/ceiling-account.ts'
import type { NodeEntry } from '../headroom/ledger/entries.ts'
import type { LedgerPod } from '../headroom/ledger/ledger-inputs.ts'
import type { Pids } from '../lib/units.ts'
import type { Others } from '../model/holder-text.ts'
import { biggestNamespace, type Holder, holdersOf, outsideOf, type WorkloadShare } from '../model/task-places.ts'

/** Who holds the tasks of a node. */
export interface NodeHolders {
  /** Each with a share worth naming, the biggest first. */
  readonly holders: readonly Holder[]
  readonly others: Others
}

/** The figures of a node on the ledger. */
export type HeldNode = Pick<NodeEntry, 'name' | 'host' | 'kubepods' | 'unclaimed'>

/** Who holds the tasks of the node under this ceiling. Pods without a reading are left out. */
export function holdersOn(
  node: HeldNode,
  { ceiling, inUse }: Pick<CeilingAccount, 'ceiling' | 'inUse'>,
  pods: Iterable<LedgerPod>,
  observedOf: (uid: string) => Pids | undefined,
  worthNaming: number
): NodeHolders {
  const workloads = sharesOn(node.name, pods, observedOf)
  const inPods = workloads.reduce((sum, { pids }) => sum + pids, 0)
  const unknownPods = [...(node.unclaimed ?? [])].map(([cgroup, pids]) => ({ cgroup, pids }))
  const unknown = unknownPods.reduce((sum, { pids }) => sum + pids, 0)
  const places = {
    pods: inPods,
    unknownPods,
    unexplained: node.kubepods.inUse === undefined ? undefined : Math.max(0, node.kubepods.inUse - inPods - unknown),
    outside: outsideOf(node.host.inUse, node.kubepods.inUse)
  }
  const holders = holdersOf(ceiling, inUse, places, workloads, worthNaming)
  const namespace = biggestNamespace(holders, workloads, inUse)
  return {
    holders,
    others: {
      workloads: workloads.length,
      biggest: Math.max(0, ...workloads.map(({ pids }) => pids)),
      ...(namespace === undefined ? undefined : { namespace })
    }
  }
}

/** The workloads with tasks on the node, by what their pods hold there, in no order. */
function sharesOn(
  node: string,
  pods: Iterable<LedgerPod>,
  observedOf: (uid: string) => Pids | undefined
): WorkloadShare[] {
  const shares = new Map<string, { -readonly [K in keyof WorkloadShare]: WorkloadShare[K] }>()
  for (const { uid, namespace, workload, node: place, deleting } of pods) {
    if (place !== node) continue
    const pids = observedOf(uid) ?? 0
    if (pids === 0) continue
    const key = `${workload.kind} ${namespace}/${workload.name}`
    const held = shares.get(key)
    const terminating = deleting ? 1 : 0
    if (held === undefined) {
      shares.set(key, { kind: workload.kind, namespace, name: workload.name, pids, pods: 1, terminating })
      continue
    }
    held.pids += pids
    held.pods++
    held.terminating += terminating
  }
  return [...shares.values()]
}
