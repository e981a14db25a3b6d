import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { NearLimit } from '../../src/model/near-limit.ts'
import type { Ceiling, KubeletConfig, NodeState, ReadingFailureReason } from '../../src/model/node-reading.ts'
import { reading } from './headroom.ts'

type CeilingSketch = readonly [limit: number | 'unlimited' | null, inUse: number | null]

/** What a fixture or a test says of one node; null, and what is left out, is not known. */
export interface NodeStateSketch {
  readonly host?: CeilingSketch
  readonly kubepods?: CeilingSketch
  /** The cgroup above kubepods whose limit `host` is. */
  readonly hostCgroup?: string
  /** Tasks by pod uid. */
  readonly pods?: Readonly<Record<string, number>>
  /** Limits by pod uid, of the pods that have one. */
  readonly podLimits?: Readonly<Record<string, number>>
  /** Limits of single cgroups that are at least half used; left out: limits are not known. */
  readonly nearLimits?: readonly NearLimit[]
  /** Why parts of the reading are missing, or how the node is set up. */
  readonly gaps?: readonly ReadingFailureReason[]
  /** A configuration that says nothing of PIDs, changed as given. */
  readonly kubelet?: { readonly podPidsLimit?: number; readonly reserved?: number | null; readonly eviction?: string }
}

/** A node as sketched; without any figure there is no reading. */
export function nodeState(sketch: NodeStateSketch = {}): NodeState {
  const { host, hostCgroup, kubepods, pods, podLimits, nearLimits, gaps = [], kubelet } = sketch
  const isRead = (host ?? kubepods ?? pods ?? podLimits ?? nearLimits) !== undefined
  return {
    reading: isRead
      ? reading('node-a', 0, {
          host: ceiling(host),
          ...(hostCgroup === undefined ? undefined : { hostCgroup }),
          kubepods: ceiling(kubepods),
          pods: pods === undefined ? undefined : new Map(Object.entries(pods)),
          podLimits: podLimits === undefined ? undefined : new Map(Object.entries(podLimits)),
          nearLimits,
          gaps: gaps.map((reason) => ({ reason, detail: `it is ${reason}` }))
        })
      : undefined,
    kubelet: kubelet === undefined ? undefined : kubeletConfig(kubelet)
  }
}

function kubeletConfig(sketch: NonNullable<NodeStateSketch['kubelet']>): KubeletConfig {
  const { podPidsLimit = Number.POSITIVE_INFINITY, reserved = 0, eviction } = sketch
  return { podPidsLimit, reserved: reserved ?? undefined, eviction }
}

function ceiling([limit, inUse]: CeilingSketch = [null, null]): Ceiling {
  return { limit: limit === 'unlimited' ? Number.POSITIVE_INFINITY : (limit ?? undefined), inUse: inUse ?? undefined }
}

/** A Node as the API server has it, in the parts that rules read. */
export function nodeObject(pidPressure: 'True' | 'False' | 'Unknown' | null = 'False', name = 'node-a'): JsonRecord {
  const ready = { type: 'Ready', status: 'True' }
  const pressure = { type: 'PIDPressure', status: pidPressure }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid of ${name}` },
    status: {
      capacity: { cpu: '8' },
      allocatable: { cpu: '8' },
      conditions: pidPressure === null ? [ready] : [ready, pressure]
    }
  }
}
