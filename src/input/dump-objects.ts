import { declaredPids, mirrorPod, pidsEstimate, staticHash } from '../kubernetes/annotations.ts'
import { type ObjectProblem, problemsOf } from '../kubernetes/pods/object-problems.ts'
import { type FoundTemplate, templatesIn } from '../kubernetes/pods/pod-templates.ts'
import { templatePlacesOf } from '../kubernetes/pods/template-places.ts'
import { remarkOnKind, UncheckedKinds } from '../kubernetes/pods/unchecked-kinds.ts'
import { subjectOfObject } from '../kubernetes/subject.ts'
import type { LimitRangeItem } from '../kubernetes/types.ts'
import { currentVersionOf, type GroupKind, groupKindOf, groupOf } from '../kubernetes/workloads.ts'
import { type JsonRecord, shapeErrorOf } from '../lib/json/shape.ts'
import type { NamedNamespace, NodeFacts, PodFacts } from '../model/cluster-objects.ts'
import type { ListedKind, ListFailure, ObjectSource } from '../ports/objects.ts'
import { kindKey, objectNameOf } from '../report/object-name.ts'
import { objectText, placeText, plural } from '../report/validate-report.ts'
import type { ClusterSnapshot } from '../snapshot/snapshot.ts'
import type { Inputs } from './inputs.ts'
import { readObjects } from './read-objects.ts'
import { KnownObjects } from './seen-objects.ts'

/**
 * A cluster written down: files of `kubectl get -o json` or manifests, and a snapshot of its nodes. An object that is
 * there more than once counts as it is the first time; the snapshot adds what the files lack. Files are read once for
 * each call of `each`.
 */
export class DumpObjects implements ObjectSource {
  readonly #paths: readonly string[]
  readonly #inputs: Inputs
  readonly #snapshot: ClusterSnapshot | undefined
  #isRead = false
  readonly #unchecked = new UncheckedKinds()
  /** Kinds that are not of Kubernetes itself and are asked for. */
  readonly #asked = new Set<GroupKind>()
  #repeats = 0
  #firstRepeat = ''
  #notes: readonly string[] = []

  constructor(paths: readonly string[], inputs: Inputs, snapshot: ClusterSnapshot | undefined) {
    this.#paths = paths
    this.#inputs = inputs
    this.#snapshot = snapshot
  }

  async each(kinds: readonly ListedKind[], take: (object: JsonRecord) => void): Promise<readonly ListFailure[]> {
    const failures: ListFailure[] = []
    const known = new KnownObjects()
    const found = new Set<string>()
    const names = new RegExp(`\\b(${kinds.map(({ kind }) => kind).join('|')})`)
    const { files, problems, notes } = this.#inputs.find(this.#paths)
    this.#notes = notes
    for (const file of files) {
      await readObjects(file, this.#inputs, {
        object: async ({ object, placeOf }) => {
          const remark = remarkOnKind(object, knownTemplatesOf(object).length > 0)
          if (remark !== undefined && 'mistake' in remark) {
            if (!this.#isRead)
              failures.push(unreadable(placeText(await placeOf('/kind')), `${nameOf(object)}: ${remark.mistake}`))
            return
          }
          if (remark !== undefined && !this.#isRead) this.#unchecked.add(remark)
          const kind = kinds.find((each) => isOfKind(object, each))
          if (kind === undefined) return
          found.add(kind.kind)
          const wrong = refusalsOf(object)
          for (const { message, pointer } of wrong) {
            failures.push(unreadable(placeText(await placeOf(pointer)), `${nameOf(object)}: ${message}`))
          }
          if (wrong.length > 0) return
          if (known.add(kindKey(String(object['apiVersion']), kind.kind), object)) take(object)
          else this.#noteRepeat(object)
        },
        problem: ({ message, place }) => failures.push(unreadable(placeText(place), message)),
        // The first time every document is read, so that each broken one is reported.
        wants: (text) => !this.#isRead || names.test(text)
      })
    }
    for (const { path, message } of problems) failures.push(unreadable(path, message))
    this.#isRead = true
    if (this.#snapshot === undefined) return failures
    for (const { kind } of kinds) {
      let added = 0
      for (const object of snapshotObjects(this.#snapshot, kind, known)) {
        if (!known.add(kind, object)) continue
        added++
        take(object)
      }
      if (kind === 'Pod' && (added > 0 || !found.has(kind))) failures.push(noContainers)
    }
    return failures
  }

  /** Files say of no kind whether it is served; any version of it is taken. */
  async served(group: string, kind: string): Promise<ListedKind> {
    this.#asked.add(groupKindOf(group, kind))
    const apiVersion = `${group}/v1`
    const isClusterWide = objectNameOf({ apiVersion, kind }, 'default').namespace === ''
    return { kind, plural: kind, apiVersions: [apiVersion], isClusterWide }
  }

  /** What was left out. */
  notes(): string[] {
    // Pods in an object of a kind that was asked for, and where they are not, are a gap of the audit.
    const notes = [
      ...this.#notes,
      ...this.#unchecked.notes(({ groupKind, holdsPods }) => holdsPods && this.#asked.has(groupKind))
    ]
    if (this.#repeats === 0) return notes
    const repeats = plural(this.#repeats, 'repeat')
    return [
      ...notes,
      `${repeats} of objects left out, the first of ${this.#firstRepeat}: each counts once, as the inputs have it first`
    ]
  }

  #noteRepeat(object: JsonRecord): void {
    if (this.#repeats++ === 0) this.#firstRepeat = nameOf(object)
  }
}

function knownTemplatesOf(object: JsonRecord): readonly FoundTemplate[] {
  const places = templatePlacesOf(groupKindOf(groupOf(String(object['apiVersion'])), String(object['kind'])))
  return places === undefined ? [] : templatesIn(object, places)
}

function nameOf(object: JsonRecord): string {
  return objectText(objectNameOf(object, ''))
}

/**
 * What the API server would refuse, as `validate` finds it: rules would take it for absent. Nothing where the object is not
 * what its kind says: the audit finds that itself.
 */
function refusalsOf(object: JsonRecord): readonly ObjectProblem[] {
  try {
    return problemsOf(
      subjectOfObject({ ...object, apiVersion: currentVersionOf(String(object['apiVersion'])) }),
      undefined
    )
  } catch (error) {
    if (shapeErrorOf(error) === undefined) throw error
    return []
  }
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
function* snapshotObjects(snapshot: ClusterSnapshot, kind: string, known: KnownObjects): Generator<JsonRecord> {
  switch (kind) {
    case 'Node':
      yield* snapshot.nodes.map(nodeOf)
      break
    case 'Namespace':
      yield* snapshot.namespaces.map(namespaceOf)
      break
    case 'LimitRange':
      // A snapshot holds the limits of all LimitRanges of a namespace together, and not which of them has which.
      for (const [namespace, limits] of snapshot.limitRanges) {
        if (!known.hasIn(kind, namespace)) yield limitRangeOf(namespace, limits)
      }
      break
    case 'Pod':
      for (const pod of snapshot.pods) yield podOf(pod, new Date(snapshot.takenAt).toISOString())
      break
  }
}

const noContainers: ListFailure = {
  part: 'objects',
  kind: undefined,
  reason: 'not-in-snapshot',
  detail: 'a snapshot holds nodes and the threads of pods; rules about containers need files of kubectl get -o json'
}

function nodeOf({ name, uid, labels, taints, unschedulable, pidPressure, memory }: NodeFacts): JsonRecord {
  const conditions = pidPressure === undefined ? [] : [{ type: 'PIDPressure', status: pidPressure ? 'True' : 'False' }]
  return {
    ...core('Node'),
    metadata: { name, uid, labels },
    spec: { taints, unschedulable },
    status: { conditions, ...(memory === undefined ? undefined : { capacity: { memory: String(memory) } }) }
  }
}

function namespaceOf({ name, labels, annotations }: NamedNamespace): JsonRecord {
  return { ...core('Namespace'), metadata: { name, labels, annotations } }
}

function limitRangeOf(namespace: string, limits: readonly LimitRangeItem[]): JsonRecord {
  return { ...core('LimitRange'), metadata: { name: 'snapshot', namespace }, spec: { limits } }
}

function podOf(facts: PodFacts, takenAt: string): JsonRecord {
  const { name, namespace, uid, cgroup, node, phase, workload, declared, estimated, deleting } = facts
  const controller = { apiVersion: '', ...workload, controller: true }
  return {
    ...core('Pod'),
    metadata: {
      name,
      namespace,
      uid,
      // A snapshot does not say since when.
      ...(deleting ? { deletionTimestamp: takenAt } : undefined),
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
