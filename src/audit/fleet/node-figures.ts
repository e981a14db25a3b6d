import {
  type CeilingName,
  ceilingAccounts,
  isWhole,
  type NodeFigures,
  unattributedIn
} from '../../headroom/ceiling-account.ts'
import { knownCeilings, usedShareOf } from '../../headroom/node-ceilings.ts'
import type { Pids } from '../../lib/units.ts'
import type { Ceiling, NodeReading } from '../../model/node-reading.ts'
import { biggestNamespace, type Holder, holdersOf, placesOf, type WorkloadShare } from '../../model/task-places.ts'
import type { Floor } from '../../policy/settings.ts'
import type { AuditCeiling, AuditHolder, AuditNode, Limit } from '../../report/audit/audit-fleet.ts'

const nothingRead: Pick<NodeReading, 'host' | 'kubepods' | 'pods'> = {
  pods: undefined,
  host: { limit: undefined, inUse: undefined },
  kubepods: { limit: undefined, inUse: undefined }
}

/** What a reading has of the pods that are there. */
export interface ReadPods {
  /** Tasks that it still shows of pods that have ended. */
  readonly ended: Pids
  /** It has no figure of a pod that it must have one of. */
  readonly lacksFigures: boolean
}

/** The ceilings of a node and the room under them. */
export function roomOf(
  { host, kubepods, pods }: Pick<NodeReading, 'host' | 'kubepods' | 'pods'> = nothingRead,
  { pending, seen, ended, lacksFigures }: Pick<NodeFigures, 'pending' | 'seen'> & ReadPods,
  floor: Floor
) {
  const unattributed = unattributedIn({ kubepods, pods }, lacksFigures)
  const without = ({ limit, inUse }: Ceiling): Ceiling => ({ limit, inUse: inUse && Math.max(0, inUse - ended) })
  const figures = { host: without(host), kubepods: without(kubepods), pending, seen, unattributed }
  const [tightest] = ceilingAccounts(figures, floor)
  const shares = [host, kubepods].map(usedShareOf).filter((share) => share !== undefined)
  return {
    host: ceilingOf(host),
    kubepods: ceilingOf(kubepods),
    tightest: tightest?.ceiling ?? null,
    used: shares.length === 0 ? null : Math.max(...shares),
    committed: tightest?.committed ?? null,
    floor: tightest?.floor ?? null,
    // One ceiling alone says nothing about the other.
    free: isWhole({ host, kubepods }) ? (tightest?.free ?? ('unlimited' as const)) : null
  }
}

/** Where the tasks are, and what holds so many of them that it is worth naming. */
export function holdersAndPlaces(
  reading: NodeReading | undefined,
  unclaimed: ReadonlyMap<string, Pids> | undefined,
  workloads: readonly WorkloadShare[],
  worthNaming: number
): Pick<AuditNode, 'places' | 'holders' | 'workloads' | 'biggestNamespace'> {
  const places = placesOf(reading, unclaimed)
  const { pods, unknownPods, unexplained, outside } = places
  const name = fullerOf(reading)
  const inUse = name === 'node' ? reading?.host.inUse : reading?.kubepods.inUse
  const holders = reading === undefined ? [] : holdersOf(name, inUse, places, workloads, worthNaming)
  return {
    places: {
      pods: pods ?? null,
      unknownPods: unknownPods?.reduce((sum, { pids }) => sum + pids, 0) ?? null,
      unexplained: unexplained ?? null,
      outside: outside ?? null
    },
    holders: holders.map(writtenHolder),
    workloads: workloads.length,
    biggestNamespace: biggestNamespace(holders, workloads, inUse) ?? null
  }
}

function fullerOf(reading: NodeReading | undefined): CeilingName {
  return knownCeilings({ reading, kubelet: undefined })[0]?.name ?? 'node'
}

function writtenHolder(holder: Holder): AuditHolder {
  const { place, pids } = holder
  const none = { workload: null, cgroup: null }
  if (place === 'workload') {
    const { namespace, kind, name, pods, terminating } = holder
    return { place, ...none, workload: { namespace, kind, name, pods, terminating }, pids }
  }
  if (place === 'unknown-pods') return { place, ...none, pods: holder.pods, pids }
  return place === 'unknown-pod' ? { place, ...none, cgroup: holder.cgroup, pids } : { place, ...none, pids }
}

function ceilingOf({ limit, inUse }: Ceiling): AuditCeiling {
  return { limit: limitOf(limit), inUse: inUse ?? null }
}

/** JSON has no Infinity. */
function limitOf(limit: Pids | undefined): Limit {
  return limit === Number.POSITIVE_INFINITY ? 'unlimited' : (limit ?? null)
}
