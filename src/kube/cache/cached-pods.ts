import { refusedNodeOf } from '../../headroom/denial-text.ts'
import { readPids } from '../../headroom/pod-estimate.ts'
import { declaredPids, pidsEstimate, pidsEstimateSource } from '../../kubernetes/annotations.ts'
import { Placements } from '../../kubernetes/placement/placement.ts'
import { staticCgroupOf } from '../../kubernetes/pods/pod-cgroup.ts'
import { type PodGroup, podGroupOf } from '../../kubernetes/pods/pod-groups.ts'
import { type RuntimeSign, runtimeOf } from '../../kubernetes/pods/told-runtime.ts'
import { pidsResource, requestedPids } from '../../kubernetes/qos/pids-request.ts'
import { isGated } from '../../kubernetes/scheduling-gates.ts'
import type { ObjectMeta, PodSpec } from '../../kubernetes/types.ts'
import { templateOf, workloadOf } from '../../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, textOf } from '../../lib/json/shape.ts'
import { Interner } from '../../lib/string-interner.ts'
import type { Millis, Pids } from '../../lib/units.ts'
import type { PodFacts, WorkloadName } from '../../model/cluster-objects.ts'
import { metadataOf } from './cached-kinds.ts'
import type { Kind } from './kind.ts'

/** The kind Pod for a cache; strings are shared between all its pods. */
export function buildPodKind(options: ProjectionOptions = {}): Kind<PodFacts> {
  const project = buildPodProjection(options)
  return {
    resource: 'pods',
    path: '/api/v1/pods',
    firstPage: 500,
    isStreamed: true,
    keyOf: ({ uid }) => uid,
    project,
    same: isSamePod
  }
}

export interface ProjectionOptions {
  /** Say what the program of each pod runs on. Not for caches: nothing that is decided rests on it. */
  readonly runtimes?: boolean
}

/** Reads what is kept of a Pod. One projection shares strings between all pods it reads. */
export function buildPodProjection({ runtimes = false }: ProjectionOptions = {}): (object: JsonRecord) => PodFacts {
  const strings = new Interner()
  const workloads = new WorkloadNames(strings)
  const placements = new Placements()
  const groups = new PodGroups(strings)
  const templateField = (metadata: ObjectMeta): { template?: string } => {
    const template = templateOf(metadata)
    return template === undefined ? {} : { template: strings.of(template) }
  }
  const sourceField = (source: unknown): { estimateSource?: string } =>
    typeof source === 'string' ? { estimateSource: strings.of(source.slice(0, 16)) } : {}
  return (object) => {
    const { name, namespace, uid, annotations } = metadataOf(object)
    const spec = isRecord(object['spec']) ? object['spec'] : {}
    const status = isRecord(object['status']) ? object['status'] : {}
    const metadata = object['metadata'] as ObjectMeta
    const cgroup = staticCgroupOf({ annotations })
    const node = spec['nodeName']
    const facts = {
      uid,
      namespace: strings.of(namespace),
      name,
      node: typeof node === 'string' && node !== '' ? strings.of(node) : undefined,
      phase: strings.of(typeof status['phase'] === 'string' ? status['phase'] : 'Unknown'),
      workload: workloads.of(namespace, metadata),
      declared: readPids(annotations[declaredPids]),
      estimated: readPids(annotations[pidsEstimate]),
      ...sourceField(annotations[pidsEstimateSource]),
      deleting: typeof metadata.deletionTimestamp === 'string',
      ...requestField(spec, status),
      ...templateField(metadata),
      ...(runtimes ? runtimeField(metadata, spec) : undefined),
      ...groups.fieldOf(podGroupOf(namespace, metadata, spec))
    }
    // The other fields count only until the pod is bound. Nearly all pods are bound, so most entries are kept without them.
    if (facts.node !== undefined) {
      const since = readySince(status)
      const bound = since === undefined ? facts : { ...facts, readySince: since }
      return cgroup === undefined || cgroup === uid ? bound : { ...bound, cgroup }
    }
    const refusedNode = refusedNodeOf(unscheduledMessage(status))
    return {
      ...facts,
      placement: placements.of(nominated(status) ?? spec),
      ...(typeof spec['priority'] === 'number' ? { priority: spec['priority'] } : undefined),
      isGated: isGated(spec),
      isUnschedulable: isUnschedulable(status),
      refusedBy: refusedNode
    }
  }
}

/** Nearly all pods of most clusters have neither, and then no field. */
function requestField(spec: PodSpec, { reason }: JsonRecord): { requested?: Pids; isOutOfPids?: boolean } {
  const requested = requestedPids(spec)
  if (requested === undefined) return {}
  return reason === outOfPids ? { requested, isOutOfPids: true } : { requested }
}

function runtimeField(metadata: ObjectMeta, spec: PodSpec): { runtime?: RuntimeSign } {
  const runtime = runtimeOf(metadata, spec)
  return runtime === undefined ? {} : { runtime }
}

/** The reason of a pod that its kubelet refused for want of the resource (kubelet lifecycle/predicate.go). */
const outOfPids = `OutOf${pidsResource}`

/** The node for which the scheduler has evicted other pods, or which it has chosen while the pod waits for its volumes. */
function nominated({ nominatedNodeName }: JsonRecord): { nodeName: string } | undefined {
  return typeof nominatedNodeName === 'string' && nominatedNodeName !== '' ? { nodeName: nominatedNodeName } : undefined
}

/**
 * Whether the scheduler found no node for the pod, for reasons other than PIDs. A message with our name in it is about PIDs:
 * our taint, our extended resource, or a binding that we refused. Such a pod lands as soon as PIDs are free.
 */
function isUnschedulable(status: JsonRecord): boolean {
  if (unscheduled(status)?.['reason'] !== 'Unschedulable' || nominated(status) !== undefined) return false
  return !unscheduledMessage(status).includes('pidguard')
}

/** Why the pod is not bound, in the scheduler's words; each attempt replaces the message. Empty without one. */
function unscheduledMessage(status: JsonRecord): string {
  return textOf(unscheduled(status)?.['message'])
}

function unscheduled(status: JsonRecord): JsonRecord | undefined {
  const scheduled = conditionOf(status, 'PodScheduled')
  return scheduled?.['status'] === 'False' ? scheduled : undefined
}

/** undefined for an instant that is none. */
function readySince(status: JsonRecord): Millis | undefined {
  const ready = conditionOf(status, 'Ready')
  const since = ready?.['status'] === 'True' ? Date.parse(textOf(ready['lastTransitionTime'])) : Number.NaN
  return Number.isNaN(since) ? undefined : since
}

function conditionOf({ conditions }: JsonRecord, wanted: string): JsonRecord | undefined {
  return Array.isArray(conditions) ? conditions.filter(isRecord).find(({ type }) => type === wanted) : undefined
}

/** One object per workload; a pod without a controller is its own workload, and has no entry here. */
class WorkloadNames {
  readonly #strings: Interner
  readonly #names = new Map<string, WorkloadName>()

  constructor(strings: Interner) {
    this.#strings = strings
  }

  of(namespace: string, metadata: ObjectMeta): WorkloadName {
    const { kind, name } = workloadOf(metadata)
    if (kind === 'Pod') return { kind: 'Pod', name }
    const key = `${namespace}/${kind}/${name}`
    const held = this.#names.get(key)
    if (held !== undefined) return held
    // As for strings, most names are no longer used. A workload that is still in use gets a second copy from now on.
    if (this.#names.size >= mostWorkloads) this.#names.clear()
    const made = { kind: this.#strings.of(kind), name }
    this.#names.set(key, made)
    return made
  }
}

const mostWorkloads = 50_000

/** One object per group; nearly all pods have none, and then no field either. */
class PodGroups {
  readonly #strings: Interner
  #last: PodGroup | undefined

  constructor(strings: Interner) {
    this.#strings = strings
  }

  fieldOf(group: PodGroup | undefined): { group?: PodGroup } {
    if (group === undefined) return {}
    // The pods of one group come one after the other.
    if (this.#last?.key !== group.key || this.#last.size !== group.size)
      this.#last = { ...group, key: this.#strings.of(group.key) }
    return { group: this.#last }
  }
}

/**
 * Every field that is kept of a Pod, and the decision that rests on it when it changes. What is not here (resources, images,
 * conditions beside PodScheduled) may change without any decision changing. The last four are read only while the pod is
 * not bound. `undefined`: the field never changes while the pod lives.
 */
export const followedFields = {
  uid: undefined,
  cgroup: undefined,
  namespace: 'which budget it counts in (only a test writes another one)',
  name: 'how it is named in tables',
  node: 'where it counts',
  phase: 'whether it still counts',
  deleting: 'whether its estimate still counts',
  workload: 'whose observed peak it uses: an owner may be set or removed',
  template: 'whose observed peak it uses: its labels may change',
  group: 'which pods it is of use with: labels and annotations say it for most schedulers',
  declared: 'its estimate, where pidguard has written none',
  estimated: 'its estimate',
  estimateSource: 'how its estimate is explained in tables',
  requested: undefined,
  isOutOfPids: 'whether its kubelet refused it, which is counted',
  runtime: undefined,
  readySince: 'whether what it holds says what the next pod of its workload will',
  placement:
    'which nodes it may take room on: tolerations are added, affinity is narrowed while it is gated, a node is nominated',
  priority: undefined,
  isGated: 'whether it waits for room yet',
  isUnschedulable: 'whether it waits for room at all',
  refusedBy: 'which node is tainted so that the scheduler chooses another one'
} as const satisfies Record<keyof PodFacts, string | undefined>

function isSamePod(a: PodFacts, b: PodFacts): boolean {
  return (
    a.phase === b.phase &&
    a.node === b.node &&
    a.deleting === b.deleting &&
    a.refusedBy === b.refusedBy &&
    a.isGated === b.isGated &&
    a.isUnschedulable === b.isUnschedulable &&
    a.template === b.template &&
    a.group?.key === b.group?.key &&
    a.placement?.signature === b.placement?.signature &&
    a.declared === b.declared &&
    a.estimated === b.estimated &&
    a.estimateSource === b.estimateSource &&
    a.readySince === b.readySince &&
    a.isOutOfPids === b.isOutOfPids &&
    a.name === b.name &&
    a.namespace === b.namespace &&
    a.workload.name === b.workload.name &&
    a.workload.kind === b.workload.kind
  )
}
