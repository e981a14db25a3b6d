import { declaredPids, mirrorPod, pidsEstimate, staticHash } from '../model/annotations.ts'
import type { LimitRangeItem } from '../model/kubernetes.ts'
import { isRecord, type JsonRecord } from '../model/shape.ts'
import { currentVersionOf, groupOf } from '../model/workloads.ts'
import type { ListedKind, ListFailure, NamedNamespace, NodeFacts, ObjectSource, PodFacts } from '../ports.ts'
import { placeText } from '../report/report.ts'
import type { ClusterSnapshot } from '../sources/snapshot.ts'
import { readObjects } from './documents.ts'
import type { Inputs } from './inputs.ts'

/**
 * What somebody wrote down of a cluster: files of `kubectl get -o json` or manifests, and a snapshot of its nodes. Each
 * object counts once, where it stands first; the snapshot adds those that no file has. Files are read once for each
 * question, and no kind is asked for twice.
 */
export class DumpObjects implements ObjectSource {
  readonly #paths: readonly string[]
  readonly #inputs: Inputs
  readonly #snapshot: ClusterSnapshot | undefined
  #isRead = false
  #repeated = 0

  constructor(paths: readonly string[], inputs: Inputs, snapshot: ClusterSnapshot | undefined) {
    this.#paths = paths
    this.#inputs = inputs
    this.#snapshot = snapshot
  }

  /** Objects that stood somewhere before, and were left out. */
  get repeated(): number {
    return this.#repeated
  }

  async each(kinds: readonly ListedKind[], take: (object: JsonRecord) => void): Promise<readonly ListFailure[]> {
    const failures: ListFailure[] = []
    const seen = new Set<string>()
    const names = new RegExp(`\\b(${kinds.map(({ kind }) => kind).join('|')})`)
    const { files, problems } = this.#inputs.find(this.#paths)
    for (const file of files) {
      await readObjects(file, this.#inputs, {
        object: async ({ object }) => {
          const kind = kinds.find((each) => isOfKind(object, each))
          if (kind === undefined) return
          if (isFirst(seen, object)) take(object)
          else this.#repeated++
        },
        problem: ({ message, place }) => failures.push(unreadable(placeText(place), message)),
        // The first time everything is read: whatever is broken is told of, not passed over.
        wants: (text) => !this.#isRead || names.test(text)
      })
    }
    for (const { path, message } of problems) failures.push(unreadable(path, message))
    this.#isRead = true
    if (this.#snapshot === undefined) return failures
    const inFiles = seen.size
    for (const { kind } of kinds) {
      for (const object of snapshotObjects(this.#snapshot, kind)) if (isFirst(seen, object)) take(object)
    }
    const tellsOfPods = kinds.some(({ kind }) => kind === 'Pod') && (inFiles === 0 || seen.size > inFiles)
    if (tellsOfPods) failures.push(noContainers)
    return failures
  }
}

/** By what the API server tells objects apart. One whose name is still to be generated is like no other. */
function isFirst(seen: Set<string>, { apiVersion, kind, metadata }: JsonRecord): boolean {
  const { namespace, name } = isRecord(metadata) ? metadata : {}
  if (typeof name !== 'string' || name === '') return true
  const group = groupOf(currentVersionOf(String(apiVersion)))
  const key = `${group}/${String(kind)}/${typeof namespace === 'string' ? namespace : ''}/${name}`
  if (seen.has(key)) return false
  seen.add(key)
  return true
}

function unreadable(part: string, detail: string): ListFailure {
  return { part, kind: undefined, reason: 'unreadable', detail }
}

function isOfKind({ kind, apiVersion }: JsonRecord, { kind: wanted, apiVersions }: ListedKind): boolean {
  if (kind !== wanted) return false
  const group = groupOf(currentVersionOf(String(apiVersion)))
  return apiVersions.some((each) => groupOf(each) === group)
}

/** The objects of a kind as far as a snapshot holds them: enough for rules about nodes, and to count. */
function* snapshotObjects(snapshot: ClusterSnapshot, kind: string): Generator<JsonRecord> {
  switch (kind) {
    case 'Node':
      for (const node of snapshot.nodes) yield nodeOf(node)
      break
    case 'Namespace':
      for (const namespace of snapshot.namespaces) yield namespaceOf(namespace)
      break
    case 'LimitRange':
      for (const [namespace, limits] of snapshot.limitRanges) yield limitRangeOf(namespace, limits)
      break
    case 'Pod':
      for (const pod of snapshot.pods) yield podOf(pod)
      break
  }
}

const noContainers: ListFailure = {
  part: 'objects',
  kind: undefined,
  reason: 'not-in-snapshot',
  detail:
    'a snapshot tells of nodes and of the threads of pods; rules about containers need files of kubectl get -o json'
}

function nodeOf({ name, uid, labels, taints, unschedulable, pidPressure }: NodeFacts): JsonRecord {
  const conditions = pidPressure === undefined ? [] : [{ type: 'PIDPressure', status: pidPressure ? 'True' : 'False' }]
  return { ...core('Node'), metadata: { name, uid, labels }, spec: { taints, unschedulable }, status: { conditions } }
}

function namespaceOf({ name, labels, annotations }: NamedNamespace): JsonRecord {
  return { ...core('Namespace'), metadata: { name, labels, annotations } }
}

function limitRangeOf(namespace: string, limits: readonly LimitRangeItem[]): JsonRecord {
  return { ...core('LimitRange'), metadata: { name: 'snapshot', namespace }, spec: { limits } }
}

function podOf({ name, namespace, uid, cgroup, node, phase, workload, declared, estimated }: PodFacts): JsonRecord {
  const controller = { apiVersion: '', ...workload, controller: true }
  return {
    ...core('Pod'),
    metadata: {
      name,
      namespace,
      uid,
      annotations: {
        ...(cgroup === undefined ? undefined : { [mirrorPod]: cgroup, [staticHash]: cgroup }),
        ...(declared === undefined ? undefined : { [declaredPids]: String(declared) }),
        ...(estimated === undefined ? undefined : { [pidsEstimate]: String(estimated) })
      },
      ...(workload.kind === 'Pod' ? undefined : { ownerReferences: [controller] })
    },
    spec: { nodeName: node, containers: [] },
    status: { phase }
  }
}

function core(kind: string): JsonRecord {
  return { apiVersion: 'v1', kind }
}
