import { recordsOf, textOf } from '../../lib/json/shape.ts'
import type { PodSpec } from '../types.ts'

export interface Toleration {
  readonly key: string
  readonly operator: string
  readonly value: string
  readonly effect: string
}

/** Who creates the pods of a template: that decides which tolerations are added. */
export type Maker = 'pod' | 'controller' | 'daemon-set'

/** Added to every pod at its admission, so a template does not have them (plugin DefaultTolerationSeconds). */
const controllerTolerations: readonly Toleration[] = ['not-ready', 'unreachable'].map((name) => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  value: '',
  effect: 'NoExecute'
}))

/** Added by the DaemonSet controller (kubernetes pkg/controller/daemon/util AddOrUpdateDaemonPodTolerations). */
const daemonTolerations: readonly Toleration[] = [
  ...controllerTolerations,
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((name) => ({
    key: `node.kubernetes.io/${name}`,
    operator: 'Exists',
    value: '',
    effect: 'NoSchedule'
  }))
]

const hostNetworkToleration: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  value: '',
  effect: 'NoSchedule'
}

/** The tolerations a pod of this spec has when it is scheduled, as far as its maker is known to add some. */
export function tolerationsOf(podSpec: PodSpec, maker: Maker): readonly Toleration[] {
  const own = recordsOf(podSpec.tolerations).map((toleration) => ({
    key: textOf(toleration['key']),
    operator: textOf(toleration['operator']),
    value: textOf(toleration['value']),
    effect: textOf(toleration['effect'])
  }))
  if (maker === 'pod') return own
  if (maker === 'controller') return [...own, ...controllerTolerations]
  return [...own, ...daemonTolerations, ...(podSpec.hostNetwork === true ? [hostNetworkToleration] : [])]
}
