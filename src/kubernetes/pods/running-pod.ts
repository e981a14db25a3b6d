import { isRecord } from '../../lib/json/shape.ts'
import type { PodSubject } from '../subject.ts'
import { staticCgroupOf } from './pod-cgroup.ts'

/** A pod that runs on a node. */
export interface RunningPod {
  readonly node: string
  /** The uid by which its node counts its tasks; undefined: it has none. */
  readonly cgroup: string | undefined
  /** It is being deleted, and its tasks are still there. */
  readonly isTerminating: boolean
}

/** undefined: it is on no node, or does not run. Tasks begin and end with the phase Running. */
export function runningPodOf({ metadata, podSpec, object }: PodSubject): RunningPod | undefined {
  const node: unknown = podSpec.nodeName
  const phase = isRecord(object['status']) ? object['status']['phase'] : undefined
  if (typeof node !== 'string' || node === '' || phase !== 'Running') return undefined
  const uid: unknown = staticCgroupOf(metadata) ?? metadata.uid
  return {
    node,
    cgroup: typeof uid === 'string' ? uid : undefined,
    isTerminating: typeof metadata.deletionTimestamp === 'string'
  }
}

/** Of a pod that is being deleted and does not go: what ends it. */
export const endTerminating =
  'See why it does not go: kubectl describe pod, and ps -eLo pid,stat,wchan,comm on its node. Tasks in state D wait for a disk or a network file system, and end only with its return or a reboot of the node.'
