import type { LedgerPod } from '../headroom/ledger/ledger-inputs.ts'
import { compareTexts } from '../lib/compare-text.ts'
import type { Pids } from '../lib/units.ts'

/** A workload and the tasks of its pods on one node. */
export interface Holder {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly pids: Pids
  readonly pods: number
}

/** The workloads whose pods hold the most tasks on the node, the biggest first. Pods without a reading are left out. */
export function holdersOn(
  node: string,
  pods: Iterable<LedgerPod>,
  observedOf: (uid: string) => Pids | undefined,
  most: number
): Holder[] {
  const holders = new Map<string, { -readonly [K in keyof Holder]: Holder[K] }>()
  for (const { uid, namespace, workload, node: place } of pods) {
    if (place !== node) continue
    const pids = observedOf(uid) ?? 0
    if (pids === 0) continue
    const key = `${workload.kind} ${namespace}/${workload.name}`
    const held = holders.get(key)
    if (held === undefined) {
      holders.set(key, { kind: workload.kind, namespace, name: workload.name, pids, pods: 1 })
      continue
    }
    held.pids += pids
    held.pods++
  }
  return [...holders.values()].sort((a, b) => b.pids - a.pids || compareTexts(a.name, b.name)).slice(0, most)
}
