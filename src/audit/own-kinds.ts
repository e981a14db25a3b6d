import { AppError } from '../errors.ts'
import { problemsOf } from '../kubernetes/pods/object-problems.ts'
import { type FoundTemplate, holdsPods, templatesIn } from '../kubernetes/pods/pod-templates.ts'
import { type TemplatePlace, whyWithoutTemplate } from '../kubernetes/pods/template-places.ts'
import { problemBehind, standInOf } from '../kubernetes/pods/template-stand-in.ts'
import { type Subject, subjectOfObject } from '../kubernetes/subject.ts'
import { type GroupKind, groupKindOf, groupOf } from '../kubernetes/workloads.ts'
import { type JsonRecord, malformed, shapeErrorOf, textOf } from '../lib/json/shape.ts'
import type { ListedKind, ListFailure, ObjectSource } from '../ports/objects.ts'

/** Where kinds that are not of Kubernetes itself hold pod templates. */
export type TemplateKinds = ReadonlyMap<GroupKind, readonly TemplatePlace[]>

/** One pod template of such an object, as a workload of Kubernetes with the same pods. */
export interface OwnTemplate {
  readonly subject: Subject
  readonly template: FoundTemplate
}

/** Those kinds as far as the source of an audit has them. */
export interface OwnKinds {
  readonly listed: readonly ListedKind[]
  /** Those of them that are in no namespace. */
  readonly clusterWide: ReadonlySet<GroupKind>
  /** Why it is not known how a kind is listed. */
  readonly failures: readonly ListFailure[]
  /** On kinds that the cluster does not serve, so there is no object of them. */
  readonly notes: readonly string[]
}

/** Asks the source how each kind is listed. */
export async function findOwnKinds(
  objects: Pick<ObjectSource, 'served'>,
  kinds: Iterable<GroupKind>
): Promise<OwnKinds> {
  const listed: ListedKind[] = []
  const clusterWide = new Set<GroupKind>()
  const failures: ListFailure[] = []
  const notes: string[] = []
  for (const groupKind of kinds) {
    const [group = '', kind = ''] = groupKind.split('/')
    const found = await objects.served(group, kind)
    if (found === undefined) notes.push(`podTemplates of the policy: the cluster serves no ${kind} of ${group}`)
    else if ('reason' in found) failures.push(found)
    else {
      listed.push(found)
      if (found.isClusterWide === true) clusterWide.add(groupKind)
    }
  }
  return { listed, clusterWide, failures, notes }
}

/**
 * The pod templates of an object of such a kind; undefined: it is of another. Those of a kind in no namespace are in none: where
 * their pods come to be is not known. Throws ERR_OBJECT_MALFORMED where the API
 * server would refuse their pods, and where it holds pods and none is found: nobody has looked at those.
 */
export function ownTemplatesOf(
  object: JsonRecord,
  kinds: TemplateKinds,
  clusterWide: ReadonlySet<GroupKind>
): readonly OwnTemplate[] | undefined {
  const groupKind = groupKindOf(groupOf(textOf(object['apiVersion'])), textOf(object['kind']))
  const places = kinds.get(groupKind)
  if (places === undefined) return undefined
  const found = templatesIn(object, places)
  const namespace = clusterWide.has(groupKind) ? '' : undefined
  if (found.length > 0) return found.map((template) => ({ subject: subjectOf(object, template, namespace), template }))
  if (!holdsPods(groupKind, object)) return []
  const why = whyWithoutTemplate(groupKind)
  if (why !== undefined) throw new AppError('ERR_OBJECT_MALFORMED', `its pods are not checked: ${why}`)
  const pointers = places.map(({ template, podSpec, holder }) => template ?? podSpec ?? holder ?? '')
  throw malformed('a pod template', undefined, pointers.join(' or '))
}

function subjectOf(object: JsonRecord, template: FoundTemplate, namespace: string | undefined): Subject {
  try {
    const subject = subjectOfObject(standInOf(object, template), namespace)
    const [problem] = problemsOf(subject, undefined)
    if (problem === undefined) return subject
    throw new AppError('ERR_OBJECT_MALFORMED', problem.message)
  } catch (error) {
    const wrong = shapeErrorOf(error)
    if (wrong === undefined) throw error
    throw new AppError('ERR_OBJECT_MALFORMED', problemBehind(wrong, template).message, { cause: error })
  }
}
