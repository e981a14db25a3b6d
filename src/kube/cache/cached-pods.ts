import { refusedNodeOf } from '../../headroom/denial-text.ts'
import { readPids } from '../../headroom/pod-estimate.ts'
import { declaredPids, mirrorPod, pidsEstimate, staticHash } from '../../kubernetes/annotations.ts'
import { createdAt } from '../../kubernetes/created-at.ts'
import { Placements } from '../../kubernetes/placement.ts'
import type { ObjectMeta } from '../../kubernetes/types.ts'
import { workloadOf } from '../../kubernetes/workloads.ts'
import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import { Interner } from '../../lib/string-interner.ts'
import type { PodFacts, WorkloadName } from '../../model/cluster-objects.ts'
import { metadataOf } from './cached-kinds.ts'
import type { Kind } from './reflector.ts'

/** The kind Pod for a cache; strings are shared between all its pods. */
export function buildPodKind(): Kind<PodFacts> {
  const project = buildPodProjection()
  return { resource: 'pods', path: '/api/v1/pods', firstPage: 500, keyOf: ({ uid }) => uid, project, same: isSamePod }
}

/** Reads what is kept of a Pod. One projection shares strings between all pods it reads. */
export function buildPodProjection(): (object: JsonRecord) => PodFacts {
  const strings = new Interner()
  const workloads = new WorkloadNames(strings)
  const placements = new Placements()
  return (object) => {
    const { name, namespace, uid, annotations } = metadataOf(object)
    const spec = isRecord(object['spec']) ? object['spec'] : {}
    const status = isRecord(object['status']) ? object['status'] : {}
    const metadata = object['metadata'] as ObjectMeta
    const cgroup = annotations[mirrorPod] === undefined ? undefined : annotations[staticHash]
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
      deleting: typeof metadata.deletionTimestamp === 'string'
    }
    // The other fields count only until the pod is bound; nearly all pods are, and do without them.
    if (facts.node !== undefined) return cgroup === undefined || cgroup === uid ? facts : { ...facts, cgroup }
    return {
      ...facts,
      placement: placements.of(spec),
      createdAt: createdAt(metadata),
      isGated: isGated(spec),
      refusedBy: refusedBy(status)
    }
  }
}

function isGated({ schedulingGates }: JsonRecord): boolean {
  return Array.isArray(schedulingGates) && schedulingGates.length > 0
}

/** The node named in the last refused binding. Another reason why the pod is not bound replaces this message. */
function refusedBy(status: JsonRecord): string | undefined {
  const conditions = Array.isArray(status['conditions']) ? status['conditions'] : []
  const scheduled = conditions.filter(isRecord).find(({ type }) => type === 'PodScheduled')
  const message = scheduled?.['status'] === 'False' ? scheduled['message'] : undefined
  return typeof message === 'string' ? refusedNodeOf(message) : undefined
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
    // As for strings: most of them are no longer used; of those still in use there are two copies from now on.
    if (this.#names.size >= mostWorkloads) this.#names.clear()
    const made = { kind: this.#strings.of(kind), name }
    this.#names.set(key, made)
    return made
  }
}

const mostWorkloads = 50_000

function isSamePod(a: PodFacts, b: PodFacts): boolean {
  return (
    a.phase === b.phase &&
    a.node === b.node &&
    a.deleting === b.deleting &&
    a.refusedBy === b.refusedBy &&
    a.isGated === b.isGated &&
    a.declared === b.declared &&
    a.estimated === b.estimated &&
    a.name === b.name &&
    a.namespace === b.namespace &&
    a.workload.name === b.workload.name &&
    a.workload.kind === b.workload.kind
  )
}
