import { namePodGroup, type PodGroup, podGroupOf } from '../kubernetes/pods/pod-groups.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import type { Finding } from '../model/finding.ts'
import type { HeadroomView } from './headroom-view.ts'

/** How many pods a new Pod is checked for, and the group that is for. */
export interface GroupNeed {
  /** undefined: it stands alone. */
  readonly group: PodGroup | undefined
  readonly pods: number
  /** Others of the group that are there and take no room yet. */
  readonly idle: number
  /** The group needs a number of pods that is not known: the Pod is checked by itself. */
  readonly isUnknown: boolean
}

const alone: GroupNeed = { group: undefined, pods: 1, idle: 0, isUnknown: false }

/** `sizes`: what objects among the inputs say of groups, by key. */
export function groupNeedOf(
  { namespace, metadata, podSpec }: PodSubject,
  headroom: Pick<HeadroomView, 'neededAtOnce'>,
  sizes?: ReadonlyMap<string, number>
): GroupNeed {
  const said = podGroupOf(namespace, metadata, podSpec)
  if (said === undefined) return alone
  const group = { ...said, size: said.size ?? sizes?.get(said.key) }
  const need = headroom.neededAtOnce(group, typeof metadata.uid === 'string' ? metadata.uid : undefined)
  return { group, pods: need?.pods ?? 1, idle: need?.idle ?? 0, isUnknown: need === undefined }
}

/** Unknown is never passed: said where nothing worse is. */
export function unknownGroup({ group, isUnknown }: GroupNeed): Finding[] {
  if (!isUnknown || group === undefined) return []
  return [
    {
      pointer: '/metadata',
      reason: 'size of the pod group not known',
      detail: `${namePodGroup(group)}: checked as a pod by itself`,
      remedy: 'Create the PodGroup before its pods. pidguard needs list and watch on podgroups of its API group.',
      advisory: true
    }
  ]
}

export function sayGroup({ group, pods, idle }: GroupNeed): string {
  if (group === undefined || pods + idle === 1) return ''
  return `; the group ${namePodGroup(group)} needs ${idle === 0 ? 'them' : `${pods + idle} pods`} at once`
}
