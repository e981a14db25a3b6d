import { knownCeilings } from '../headroom/node-ceilings.ts'
import type { PodFacts } from '../model/cluster-objects.ts'
import type { Others } from '../model/holder-text.ts'
import type { NodeReading } from '../model/node-reading.ts'
import {
  biggestNamespace,
  type Holder,
  holdersOf,
  placesOf,
  type TaskPlaces,
  type WorkloadShare
} from '../model/task-places.ts'

/** Where the tasks of a node are, by all its pods, and what holds so many of them that it is worth naming. */
export function holdersAndPlaces(
  reading: NodeReading | undefined,
  pods: readonly PodFacts[],
  worthNaming: number
): { readonly places: TaskPlaces; readonly holders: readonly Holder[]; readonly workloads: Others } {
  const unclaimed = new Map(reading?.pods)
  const shares = new Map<string, { -readonly [K in keyof WorkloadShare]: WorkloadShare[K] }>()
  for (const { uid, cgroup = uid, namespace, workload, deleting } of pods) {
    const pids = reading?.pods?.get(cgroup)
    unclaimed.delete(cgroup)
    if (pids === undefined) continue
    const key = `${workload.kind} ${namespace}/${workload.name}`
    const none = { kind: workload.kind, namespace, name: workload.name, pids: 0, pods: 0, terminating: 0 }
    const held = shares.get(key) ?? none
    shares.set(key, held)
    held.pids += pids
    held.pods++
    if (deleting) held.terminating++
  }
  const places = placesOf(reading, unclaimed)
  const [fullest] = knownCeilings({ reading, kubelet: undefined })
  const name = fullest?.name ?? 'node'
  const inUse = fullest?.inUse ?? reading?.host.inUse
  const holders = reading === undefined ? [] : holdersOf(name, inUse, places, shares.values(), worthNaming)
  const namespace = biggestNamespace(holders, shares.values(), inUse)
  return {
    places,
    holders,
    workloads: {
      workloads: shares.size,
      biggest: Math.max(0, ...[...shares.values()].map(({ pids }) => pids)),
      ...(namespace === undefined ? undefined : { namespace })
    }
  }
}
