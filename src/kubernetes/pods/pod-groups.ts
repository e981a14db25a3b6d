import { isRecord } from '../../lib/json/shape.ts'
import type { ObjectMeta, PodSpec } from '../types.ts'

/*
 * Groups of pods that are of use only together: a gang. Several schedulers have them, each with its own way for a pod to say
 * which group it is in, and an object or an annotation that says how many there have to be.
 */

/** The group a pod says it is in. */
export interface PodGroup {
  /** The API group of its scheduler, its namespace and its name; equal for all pods of the group. */
  readonly key: string
  /** How many pods there have to be, where the pod says so itself; else an object says it, see `podGroupKinds`. */
  readonly size: number | undefined
  /** The scheduler binds none of its pods before there are enough. Otherwise they start together because their gates are removed together. */
  readonly startsWhole: boolean
}

/** One scheduler's way to group pods. */
interface Grouping {
  readonly apiGroup: string
  readonly startsWhole: boolean
  nameOf(metadata: ObjectMeta, spec: PodSpec): unknown
  /** The annotation with the number of pods. */
  readonly size?: string
}

const groupings: readonly Grouping[] = [
  {
    // Kubernetes itself (k8s.io/api core/v1 PodSchedulingGroup; alpha in v1.36, beta in v1.37, off by default).
    apiGroup: 'scheduling.k8s.io',
    startsWhole: true,
    nameOf: (_, { schedulingGroup }) => (isRecord(schedulingGroup) ? schedulingGroup['podGroupName'] : undefined)
  },
  {
    // The coscheduling plugin of kubernetes-sigs/scheduler-plugins (apis/scheduling/v1alpha1/types.go).
    apiGroup: 'scheduling.x-k8s.io',
    startsWhole: true,
    nameOf: ({ labels }) => labels?.['scheduling.x-k8s.io/pod-group']
  },
  {
    // Volcano (volcano.sh/apis pkg/apis/scheduling/v1beta1/labels.go).
    apiGroup: 'scheduling.volcano.sh',
    startsWhole: true,
    nameOf: ({ annotations }) =>
      annotations?.['scheduling.k8s.io/group-name'] ?? annotations?.['scheduling.volcano.sh/group-name'],
    size: 'scheduling.volcano.sh/group-min-member'
  },
  {
    // Kueue (pkg/controller/jobs/pod/constants): it gates each pod and removes the gates of a whole group.
    apiGroup: 'kueue.x-k8s.io',
    startsWhole: false,
    nameOf: ({ labels }) => labels?.['kueue.x-k8s.io/pod-group-name'],
    size: 'kueue.x-k8s.io/pod-group-total-count'
  }
]

/** The group of a pod; undefined for a pod that stands alone, as nearly all do. */
export function podGroupOf(namespace: string, metadata: ObjectMeta, spec: PodSpec): PodGroup | undefined {
  for (const { apiGroup, nameOf, size, startsWhole } of groupings) {
    const name = nameOf(metadata, spec)
    if (typeof name !== 'string' || name === '') continue
    const said = size === undefined ? undefined : metadata.annotations?.[size]
    return { key: podGroupKey(apiGroup, namespace, name), size: sizeOf(said), startsWhole }
  }
  return undefined
}

export function podGroupKey(apiGroup: string, namespace: string, name: string): string {
  return `${apiGroup} ${namespace}/${name}`
}

/** The API group of its scheduler. */
export function schedulerOf({ key }: PodGroup): string {
  return key.slice(0, key.indexOf(' '))
}

/** For people: the name of the group without its scheduler. */
export function namePodGroup({ key }: PodGroup): string {
  return key.slice(key.indexOf('/') + 1)
}

/** A number from 1 on; up to six digits, more than the pods of any cluster. */
function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined
}

/** The kinds named PodGroup, by their API group, with how they say how many pods there have to be. */
export const podGroupKinds: ReadonlyMap<string, (spec: Readonly<Record<string, unknown>>) => number | undefined> =
  new Map([
    ['scheduling.k8s.io', builtInSize],
    ['scheduling.x-k8s.io', minMember],
    ['scheduling.volcano.sh', minMember]
  ])

/** k8s.io/api scheduling/v1beta1: the policy `basic` asks for no number, so each pod is of use alone. */
function builtInSize({ schedulingPolicy }: Readonly<Record<string, unknown>>): number | undefined {
  if (!isRecord(schedulingPolicy)) return undefined
  const { gang } = schedulingPolicy
  if (isRecord(gang)) return numberOf(gang['minCount'])
  return isRecord(schedulingPolicy['basic']) ? 1 : undefined
}

function minMember({ minMember }: Readonly<Record<string, unknown>>): number | undefined {
  return numberOf(minMember)
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 ? value : undefined
}
