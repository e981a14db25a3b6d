import { AppError } from '../errors.ts'
import { escapeToken } from '../lib/json/pointer.ts'
import { isRecord, type JsonRecord, malformed, optionalList, optionalRecord } from '../lib/json/shape.ts'
import type { Operation, ReviewRequest } from './admission-review.ts'
import type { KubernetesObject, ObjectMeta, PodSpec } from './types.ts'
import { type GroupKind, groupKindOf, groupOf, isClusterScoped, nameOf, podAt } from './workloads.ts'

/** One object before the rules, whatever front it came through. */
export interface Subject {
  /** `group/kind` of the object; of the parent's kind for `pods/resize` and `pods/ephemeralcontainers`. */
  readonly groupKind: GroupKind
  readonly kind: string
  /** The plural name in the request, `deployments`; empty where there is none, as in a file. */
  readonly resource: string
  readonly subresource: string
  readonly operation: Operation
  readonly namespace: string
  readonly name: string
  /** Who asks; undefined where nobody does, as in a file or an audit. */
  readonly userName: string | undefined
  readonly dryRun: boolean
  readonly object: KubernetesObject
  /** The object as stored, on UPDATE. */
  readonly oldObject: JsonRecord | undefined
  readonly metadata: ObjectMeta
}

/** A subject that holds a pod, itself or as a template. */
export interface PodSubject extends Subject {
  readonly podMetadata: ObjectMeta
  readonly podMetadataAt: string
  readonly podSpec: PodSpec
  readonly podSpecAt: string
}

export function isPodSubject(subject: Subject): subject is PodSubject {
  return 'podSpec' in subject
}

/**
 * The subject of an admission request.
 * Throws ERR_REVIEW_MALFORMED when CREATE or UPDATE carries no object, ERR_OBJECT_MALFORMED when the parts
 * that rules read do not have the shape of the kind.
 */
export function subjectOfRequest(request: ReviewRequest): Subject {
  if (request.object === undefined) {
    throw new AppError(
      'ERR_REVIEW_MALFORMED',
      `request.object: expected the object of this ${request.operation}, found null`
    )
  }
  return subjectOf(request.object, {
    group: request.kind.group,
    kind: request.kind.kind,
    resource: request.resource,
    subresource: request.subResource,
    operation: request.operation,
    namespace: request.namespace,
    name: request.name,
    userName: request.userName,
    dryRun: request.dryRun,
    oldObject: request.oldObject
  })
}

/**
 * The subject of an object from a file or a list: judged as if it were created now. `namespace` is for objects that
 * name none of their own and are of a kind that is in one.
 */
export function subjectOfObject(object: JsonRecord, namespace = 'default'): Subject {
  const { apiVersion, kind } = object
  if (typeof apiVersion !== 'string' || apiVersion === '')
    throw malformed('apiVersion, a string', apiVersion, '/apiVersion')
  if (typeof kind !== 'string' || kind === '') throw malformed('kind, a string', kind, '/kind')
  const metadata = optionalRecord(object['metadata'], '/metadata')
  const group = groupOf(apiVersion)
  const ownNamespace = metadata?.['namespace']
  const elsewhere = isClusterScoped(groupKindOf(group, kind)) ? '' : namespace
  return subjectOf(object, {
    group,
    kind,
    resource: '',
    subresource: '',
    operation: 'CREATE',
    namespace: typeof ownNamespace === 'string' && ownNamespace !== '' ? ownNamespace : elsewhere,
    name: '',
    userName: undefined,
    dryRun: true,
    oldObject: undefined
  })
}

interface SubjectParts {
  readonly group: string
  readonly kind: string
  readonly resource: string
  readonly subresource: string
  readonly operation: Operation
  readonly namespace: string
  readonly name: string
  readonly userName: string | undefined
  readonly dryRun: boolean
  readonly oldObject: JsonRecord | undefined
}

function subjectOf(object: JsonRecord, parts: SubjectParts): Subject {
  const metadata = readMetadata(object['metadata'], '/metadata')
  const groupKind = groupKindOf(parts.group, parts.kind)
  const subject: Subject = {
    groupKind,
    kind: parts.kind,
    resource: parts.resource,
    subresource: parts.subresource,
    operation: parts.operation,
    namespace: parts.namespace,
    name: parts.name || nameOf(metadata),
    userName: parts.userName,
    dryRun: parts.dryRun,
    object,
    oldObject: parts.oldObject,
    metadata
  }
  const at = podAt(groupKind)
  return at === undefined ? subject : { ...subject, ...podOf(object, at) }
}

/** The pod at `at` in `object`; one without a template (a ReplicationController may lack it) has no containers. */
function podOf(object: JsonRecord, at: string): Omit<PodSubject, keyof Subject> {
  let holder: JsonRecord = object
  let pointer = ''
  for (const token of at.split('/').slice(1)) {
    pointer += `/${token}`
    holder = optionalRecord(holder[token], pointer) ?? {}
  }
  return {
    podMetadata: readMetadata(holder['metadata'], `${at}/metadata`),
    podMetadataAt: `${at}/metadata`,
    podSpec: readPodSpec(holder['spec'], `${at}/spec`),
    podSpecAt: `${at}/spec`
  }
}

/** The subject as it is stored, to compare with; undefined when there is none or its shape is not that of its kind. */
export function oldSubjectOf(subject: Subject): Subject | undefined {
  if (subject.oldObject === undefined) return undefined
  const slash = subject.groupKind.lastIndexOf('/')
  try {
    return subjectOf(subject.oldObject, { ...subject, group: subject.groupKind.slice(0, slash), oldObject: undefined })
  } catch {
    return undefined
  }
}

function readMetadata(value: unknown, pointer: string): ObjectMeta {
  const metadata = optionalRecord(value, pointer)
  if (metadata === undefined) return {}
  for (const field of ['labels', 'annotations'] as const) {
    const map = optionalRecord(metadata[field], `${pointer}/${field}`)
    for (const key in map) {
      if (typeof map[key] !== 'string') throw malformed('a string', map[key], `${pointer}/${field}/${escapeToken(key)}`)
    }
  }
  optionalList(metadata['ownerReferences'], `${pointer}/ownerReferences`)?.forEach((owner, i) => {
    if (
      !isRecord(owner) ||
      typeof owner['kind'] !== 'string' ||
      typeof owner['name'] !== 'string' ||
      typeof owner['apiVersion'] !== 'string'
    ) {
      throw malformed('an owner reference with apiVersion, kind and name', owner, `${pointer}/ownerReferences/${i}`)
    }
  })
  for (const field of ['name', 'generateName'] as const) {
    const name = metadata[field]
    if (name !== undefined && name !== null && typeof name !== 'string')
      throw malformed('a string', name, `${pointer}/${field}`)
  }
  return metadata as ObjectMeta
}

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** Checks what rules read, and only as deep as they read it; the API server checks the rest. */
function readPodSpec(value: unknown, pointer: string): PodSpec {
  const spec = optionalRecord(value, pointer)
  if (spec === undefined) return {}
  readResources(spec['resources'], `${pointer}/resources`)
  for (const list of containerLists) {
    const at = `${pointer}/${list}`
    optionalList(spec[list], at)?.forEach((container, i) => {
      if (!isRecord(container)) throw malformed('a container', container, `${at}/${i}`)
      readContainer(container, `${at}/${i}`)
    })
  }
  optionalRecord(spec['nodeSelector'], `${pointer}/nodeSelector`)
  return spec as PodSpec
}

function readContainer(container: JsonRecord, at: string): void {
  if (typeof container['name'] !== 'string') throw malformed('a string', container['name'], `${at}/name`)
  const image = container['image']
  if (image !== undefined && image !== null && typeof image !== 'string')
    throw malformed('a string', image, `${at}/image`)
  optionalList(container['env'], `${at}/env`)
  optionalList(container['envFrom'], `${at}/envFrom`)
  readTexts(container['command'], `${at}/command`)
  readTexts(container['args'], `${at}/args`)
  readResources(container['resources'], `${at}/resources`)
}

function readTexts(value: unknown, pointer: string): void {
  optionalList(value, pointer)?.forEach((text, i) => {
    if (typeof text !== 'string') throw malformed('a string', text, `${pointer}/${i}`)
  })
}

function readResources(value: unknown, pointer: string): void {
  const resources = optionalRecord(value, pointer)
  if (resources === undefined) return
  for (const field of ['requests', 'limits'] as const) {
    const list = optionalRecord(resources[field], `${pointer}/${field}`)
    for (const key in list) {
      const quantity = list[key]
      if (typeof quantity !== 'string' && typeof quantity !== 'number') {
        throw malformed('a quantity', quantity, `${pointer}/${field}/${escapeToken(key)}`)
      }
    }
  }
}
