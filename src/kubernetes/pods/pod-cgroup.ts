import { mirrorPod, staticHash } from '../annotations.ts'
import type { ObjectMeta } from '../types.ts'

/**
 * The uid by which a node counts the tasks of a pod, where that is not the uid of the Pod: of a static pod the hash of its
 * file. undefined: its own uid.
 */
export function staticCgroupOf({ annotations }: Pick<ObjectMeta, 'annotations'>): string | undefined {
  return annotations?.[mirrorPod] === undefined ? undefined : annotations[staticHash]
}
