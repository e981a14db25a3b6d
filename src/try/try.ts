import { randomUUID } from 'node:crypto'
import jsonpatch from 'fast-json-patch'
import { AppError } from '../errors.ts'
import type { Inputs } from '../input/inputs.ts'
import { type InputObject, readObjects, wholeFile } from '../input/read-objects.ts'
import type { ReviewResponse } from '../kubernetes/admission-review.ts'
import { type ObjectProblem, problemsOf } from '../kubernetes/pods/object-problems.ts'
import { type FoundTemplate, templatesIn } from '../kubernetes/pods/pod-templates.ts'
import { templatePlacesOf } from '../kubernetes/pods/template-places.ts'
import { standInOf } from '../kubernetes/pods/template-stand-in.ts'
import { remarkOnKind } from '../kubernetes/pods/unchecked-kinds.ts'
import { subjectOfObject } from '../kubernetes/subject.ts'
import { groupKindOf, groupOf, pod, podAt } from '../kubernetes/workloads.ts'
import type { PatchOperation } from '../lib/json/patch.ts'
import { isRecord, type JsonRecord, shapeErrorOf, textOf } from '../lib/json/shape.ts'
import type { Webhook } from '../model/review-outcome.ts'
import { objectNameOf } from '../report/object-name.ts'
import { shown } from '../report/text.ts'
import { objectText, type Problem, placeText, plural } from '../report/validate-report.ts'
import { renderPatch } from './patch-text.ts'

/** What `try` asks of the world. */
export interface TryDeps {
  readonly inputs: Inputs
  /** Posts a review to the running server and gives back its answer; throws ERR_SERVER_UNREACHABLE. */
  post(webhook: Webhook, review: object): Promise<unknown>
  print(line: string): void
}

export interface TryOptions {
  /** Where a manifest names none. */
  readonly namespace: string
}

/**
 * Shows what `kubectl apply` of the files would meet: mutated, then validated, object by object; of a workload also the
 * Pod it makes. Exit code 0 when all were allowed, 1 when any was denied, 2 when something could not be read, or the API
 * server would refuse it.
 */
export async function tryFiles(paths: readonly string[], options: TryOptions, deps: TryDeps): Promise<number> {
  let denied = 0
  let count = 0
  let refused = 0
  const { files, problems: missing, notes } = deps.inputs.find(paths)
  const problems: Problem[] = missing.map(({ path, message }) => ({ message, place: wholeFile(path) }))
  for (const file of files) {
    await readObjects(file, deps.inputs, {
      async object(object) {
        count++
        const outcome = await tryObject(object, options, deps)
        if (outcome === 'denied') denied++
        if (outcome === 'refused') refused++
      },
      problem: (problem) => problems.push(problem)
    })
  }
  for (const note of notes) deps.print(shown(`note: ${note}`))
  for (const { message, place } of problems) deps.print(shown(`${placeText(place)}: ${message}`))
  const wrong = problems.length + refused
  const unread = wrong === 0 ? '' : `; ${plural(wrong, 'problem')}`
  deps.print(`${plural(count, 'object')} tried, ${count - denied - refused} allowed, ${denied} denied${unread}`)
  if (wrong > 0) return 2
  return denied === 0 ? 0 : 1
}

async function tryObject(
  { object, placeOf }: InputObject,
  options: TryOptions,
  deps: TryDeps
): Promise<'allowed' | 'denied' | 'refused'> {
  const { file, line } = await placeOf('')
  const name = objectNameOf(object, options.namespace)
  deps.print(shown(`${objectText(objectNameOf(object, ''))}  (${file}:${line})`))
  const made = podsOf(object, name.namespace)
  const remark = remarkOnKind(object, made.length > 0)
  const problems =
    remark !== undefined && 'mistake' in remark
      ? [{ message: remark.mistake }]
      : problemsOfObject(object, options.namespace)
  for (const { message } of problems) deps.print(shown(`  refused by the API server: ${message}`))
  if (problems.length > 0) return 'refused'
  if (!(await review(object, name.namespace, '  ', deps))) return 'denied'
  if (remark !== undefined && 'unchecked' in remark) deps.print(shown(`  its Pods are not tried: ${remark.unchecked}`))
  let isDenied = false
  for (const { at, pod } of made) {
    deps.print(shown(made.length === 1 ? '  its Pods:' : `  its Pods of ${at}:`))
    if (!(await review(pod, name.namespace, '    ', deps))) isDenied = true
  }
  return isDenied ? 'denied' : 'allowed'
}

/** What the API server refuses before it asks a webhook. */
function problemsOfObject(object: JsonRecord, namespace: string): readonly Pick<ObjectProblem, 'message'>[] {
  try {
    return problemsOf(subjectOfObject(object, namespace, person), undefined)
  } catch (error) {
    const problem = shapeErrorOf(error)
    if (problem === undefined) throw error
    return [problem]
  }
}

/** Whose request it is. */
const person = 'pidguard-try'

/** Mutates and validates one object, as the API server does, and prints what happens. */
async function review(object: JsonRecord, namespace: string, indent: string, deps: TryDeps): Promise<boolean> {
  const print = (line: string): void => deps.print(`${indent}${shown(line)}`)
  const mutated = await ask('mutate', object, namespace, deps)
  const patch = patchOf(mutated)
  for (const line of renderPatch(patch, object)) print(line)
  const changed = structuredClone(object)
  jsonpatch.applyPatch(changed, [...patch] as Parameters<typeof jsonpatch.applyPatch>[1], true)
  const answers = mutated.allowed ? [mutated, await ask('validate', changed, namespace, deps)] : [mutated]
  for (const warning of answers.flatMap((answer) => answer.warnings ?? [])) print(`Warning: ${warning}`)
  const denial = answers.find((answer) => !answer.allowed)
  if (denial === undefined) {
    print(patch.length === 0 ? 'allowed, unchanged' : 'allowed')
    return true
  }
  for (const line of `denied: ${denial.status?.message ?? ''}`.split('\n')) print(line)
  return false
}

async function ask(webhook: Webhook, object: JsonRecord, namespace: string, deps: TryDeps): Promise<ReviewResponse> {
  const uid = randomUUID()
  const answer = await deps.post(webhook, reviewOf(uid, object, namespace))
  const response = isRecord(answer) ? answer['response'] : undefined
  if (!isRecord(response) || response['uid'] !== uid || typeof response['allowed'] !== 'boolean') {
    const said = isRecord(answer) && typeof answer['message'] === 'string' ? `: ${answer['message']}` : ''
    throw new AppError(
      'ERR_SERVER_UNREACHABLE',
      `/${webhook}: expected an AdmissionReview with a response, found something else${said}`
    )
  }
  return response as unknown as ReviewResponse
}

/** The review a kube-apiserver would send if the object were created. */
function reviewOf(uid: string, object: JsonRecord, namespace: string): object {
  const apiVersion = textOf(object['apiVersion'])
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
  const kind = {
    group: groupOf(apiVersion),
    version: apiVersion.slice(apiVersion.indexOf('/') + 1),
    kind: textOf(object['kind'])
  }
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind,
      operation: 'CREATE',
      namespace,
      name: metadata['name'],
      userInfo: { username: person },
      object,
      oldObject: null,
      dryRun: true
    }
  }
}

function patchOf({ patch }: ReviewResponse): PatchOperation[] {
  return patch === undefined ? [] : (JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as PatchOperation[])
}

/** The Pods that the object's controller would create, one for each template; none where the object makes none, or holds no template. */
function podsOf(object: JsonRecord, namespace: string): readonly { readonly at: string; readonly pod: JsonRecord }[] {
  const kind = textOf(object['kind'])
  const groupKind = groupKindOf(groupOf(textOf(object['apiVersion'])), kind)
  if (groupKind === pod) return []
  const at = podAt(groupKind)
  const places = at === undefined ? templatePlacesOf(groupKind) : [{ template: at }]
  const name = isRecord(object['metadata']) ? textOf(object['metadata']['name']) : ''
  const owner = { apiVersion: object['apiVersion'], kind, name, uid: 'not-created', controller: true }
  return templatesIn(object, places ?? []).map((found) => {
    const { metadata, spec } = templateOf(object, found)
    return {
      at: found.at,
      pod: structuredClone({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...(isRecord(metadata) ? metadata : {}),
          generateName: `${name}-`,
          namespace,
          ownerReferences: [owner]
        },
        spec: spec ?? {}
      })
    }
  })
}

/** With what its controller adds. */
function templateOf(object: JsonRecord, found: FoundTemplate): JsonRecord {
  const { spec } = standInOf(object, found)
  return isRecord(spec) && isRecord(spec['template']) ? spec['template'] : {}
}
