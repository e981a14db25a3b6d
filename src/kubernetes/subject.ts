import { AppError } from '../errors.ts'
import { tokensOf } from '../lib/json/pointer.ts'
import { type JsonRecord, malformed, optionalRecord } from '../lib/json/shape.ts'
import type { Operation, ReviewRequest } from './admission-review.ts'
import { readMetadata, readPodSpec } from './pods/pod-shape.ts'
import type { KubernetesObject, ObjectMeta, PodSpec } from './types.ts'
import { type GroupKind, groupKindOf, groupOf, nameOf, namespaceOf, podAt } from './workloads.ts'

/** One object as the rules see it, from the webhook, a file or an audit alike. */
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
  /** Who asks; undefined for an object that is stored already, as in an audit. */
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
 * The subject of an object from a file or a list: checked as if it were created now. `namespace` is for objects of a
 * namespaced kind that do not name theirs. `userName`: who would create it; undefined for a stored object.
 */
export function subjectOfObject(object: JsonRecord, namespace = 'default', userName?: string): Subject {
  const { apiVersion, kind } = object
  if (typeof apiVersion !== 'string' || apiVersion === '')
    throw malformed('apiVersion, a string', apiVersion, '/apiVersion')
  if (typeof kind !== 'string' || kind === '') throw malformed('kind, a string', kind, '/kind')
  const metadata = optionalRecord(object['metadata'], '/metadata')
  const group = groupOf(apiVersion)
  return subjectOf(object, {
    group,
    kind,
    resource: '',
    subresource: '',
    operation: 'CREATE',
    namespace: namespaceOf(groupKindOf(group, kind), metadata?.['namespace'], namespace),
    name: '',
    userName,
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
  const name = parts.name || nameOf(metadata)
  const { kind, resource, subresource, operation, namespace, userName, dryRun, oldObject } = parts
  const subject: Subject = {
    groupKind,
    kind,
    resource,
    subresource,
    operation,
    namespace,
    name,
    userName,
    dryRun,
    object,
    oldObject,
    metadata
  }
  const at = podAt(groupKind)
  return at === undefined ? subject : Object.assign(subject, podOf(object, at))
}

/** The pod at `at` in `object`; one without a template (a ReplicationController may lack it) has no containers. */
function podOf(object: JsonRecord, at: string): Omit<PodSubject, keyof Subject> {
  let holder: JsonRecord = object
  let pointer = ''
  for (const token of tokensOf(at)) {
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

/** The stored object as a subject, to compare with; undefined when there is none or it does not have the shape of its kind. */
export function oldSubjectOf(subject: Subject): Subject | undefined {
  if (subject.oldObject === undefined) return undefined
  const slash = subject.groupKind.lastIndexOf('/')
  try {
    return subjectOf(subject.oldObject, { ...subject, group: subject.groupKind.slice(0, slash), oldObject: undefined })
  } catch {
    return undefined
  }
}
