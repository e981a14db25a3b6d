import type { Headroom } from '../../headroom/assess/headroom.ts'
import type { Ledger } from '../../headroom/ledger/ledger.ts'
import type { KubeApi } from '../../kube/client.ts'
import { nodeEvents } from '../../leader/kube-node-events.ts'
import { type NearFloorDeps, NearFloorEvents } from '../../leader/near-floor-events.ts'
import { type HeldNode, holdersOn } from '../../leader/top-holders.ts'
import type { PodFacts } from '../../model/cluster-objects.ts'
import type { Settings } from '../../policy/settings.ts'
import type { Cache } from '../../ports/cluster-cache.ts'
import type { Clock } from '../../ports/runtime.ts'

export interface NearFloorEventsDeps extends Pick<NearFloorDeps, 'isSynced' | 'isWanted' | 'log' | 'meter'> {
  readonly api: KubeApi
  readonly headroom: Headroom
  readonly ledger: Ledger
  readonly pods: Pick<Cache<PodFacts>, 'values'>
  readonly clock: Clock
  /** The policy in force, for '' without a namespace. */
  settingsFor(namespace: string): Settings
}

/** Events on nodes near their floor; nothing happens until this process leads. */
export function buildNearFloorEvents(deps: NearFloorEventsDeps): NearFloorEvents {
  const { api, headroom, ledger, pods, clock, settingsFor, ...rest } = deps
  return new NearFloorEvents({
    ...rest,
    clock,
    rooms: (floor, maxAge) => headroom.rooms(floor, maxAge),
    holders: (name, ceiling) =>
      holdersOn(
        ledger.node(name) ?? noNode(name),
        ceiling,
        pods.values(),
        (uid) => ledger.pod(uid)?.observed,
        settingsFor('').audit.holderShare
      ),
    settings: () => settingsFor(''),
    events: nodeEvents(api, clock, 'pidguard'),
    random: Math.random
  })
}

/** A node that is gone from the ledger. */
function noNode(name: string): HeldNode {
  const unknown = { limit: undefined, inUse: undefined }
  return { name, host: unknown, kubepods: unknown, unclaimed: undefined }
}
