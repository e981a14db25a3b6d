import type { Headroom } from '../../headroom/assess/headroom.ts'
import type { KubeApi } from '../../kube/client.ts'
import { nodeEvents } from '../../leader/kube-node-events.ts'
import { nodeTaints } from '../../leader/kube-node-taints.ts'
import { NodeTainter, type TainterDeps } from '../../leader/node-tainter.ts'
import type { Settings } from '../../policy/settings.ts'
import type { Clock } from '../../ports/runtime.ts'

export interface NodeTaintsDeps extends Pick<TainterDeps, 'isSynced' | 'waiting' | 'waitingSum' | 'log' | 'meter'> {
  readonly api: KubeApi
  readonly headroom: Headroom
  readonly clock: Clock
  /** The policy in force, for '' without a namespace. */
  settingsFor(namespace: string): Settings
}

/** The taints on nodes low on PIDs; nothing happens until this process leads. */
export function buildNodeTainter({ api, headroom, clock, settingsFor, ...deps }: NodeTaintsDeps): NodeTainter {
  return new NodeTainter({
    ...deps,
    clock,
    rooms: (floor, maxAge) => headroom.rooms(floor, maxAge, settingsFor('').headroom.claimShare),
    settings: () => settingsFor(''),
    taints: nodeTaints(api),
    events: nodeEvents(api, clock, 'pidguard'),
    random: Math.random
  })
}
