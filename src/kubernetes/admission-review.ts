import { AppError } from '../errors.ts'
import { isRecord, type JsonRecord, nameOf } from '../lib/json/shape.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

const operations: readonly string[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] satisfies readonly Operation[]

/** The request of an `admission.k8s.io/v1` AdmissionReview, as far as pidguard reads it. */
export interface ReviewRequest {
  readonly uid: string
  /** The kind of the object as the webhook's rules asked for it, not as the client spelled it. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  /** The plural name in the request, `deployments`; for a Scale the only sign of the kind it scales. */
  readonly resource: string
  readonly subResource: string
  readonly operation: Operation
  readonly namespace: string
  /** Empty on CREATE with a generated name. */
  readonly name: string
  readonly userName: string | undefined
  readonly dryRun: boolean
  readonly object: JsonRecord | undefined
  readonly oldObject: JsonRecord | undefined
}

export interface ReviewResponse {
  readonly uid: string
  readonly allowed: boolean
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string }
  readonly warnings?: readonly string[]
  readonly auditAnnotations?: Readonly<Record<string, string>>
  /** Base64 of an RFC 6902 document; present with `patchType` or not at all. */
  readonly patch?: string
  readonly patchType?: 'JSONPatch'
}

/** The uid in a parsed body; undefined where none can be read. With it every answer can be an AdmissionReview. */
export function uidOf(body: unknown): string | undefined {
  const request = isRecord(body) ? body['request'] : undefined
  const uid = isRecord(request) ? request['uid'] : undefined
  return typeof uid === 'string' && uid !== '' && uid.length <= maxUidLength ? uid : undefined
}

/**
 * The uid of a body that is not parsed, where it begins as the API server writes it: the first field of the request, after
 * kind and apiVersion (admission/v1 types.go). undefined for any other body.
 */
export function uidAtHead(json: Buffer): string | undefined {
  const head = json.toString('latin1', 0, 128 + maxUidLength)
  return /^\{[^{}]{0,128}"request":\{"uid":"([-\w]{1,128})"/.exec(head)?.[1]
}

/** A uid is a UUID of 36 characters; anything much longer is not one, and is not echoed. */
const maxUidLength = 128

/** Reads a parsed body. Throws ERR_REVIEW_MALFORMED with the field, what was expected and what was found. */
export function readReview(body: unknown): ReviewRequest {
  if (!isRecord(body)) throw wrong('body', 'an AdmissionReview', nameOf(body))
  if (body['kind'] !== 'AdmissionReview') throw wrong('kind', 'AdmissionReview', shown(body['kind']))
  if (body['apiVersion'] !== 'admission.k8s.io/v1')
    throw wrong('apiVersion', 'admission.k8s.io/v1', shown(body['apiVersion']))
  const request = body['request']
  if (!isRecord(request)) throw wrong('request', 'an object', nameOf(request))
  const uid = uidOf(body)
  if (uid === undefined) throw wrong('request.uid', 'a uid', nameOf(request['uid']))
  const kind = request['kind']
  if (!isRecord(kind)) throw wrong('request.kind', 'an object with group, version and kind', nameOf(kind))
  const operation = request['operation']
  if (typeof operation !== 'string' || !operations.includes(operation)) {
    throw wrong('request.operation', operations.join(', '), shown(operation))
  }
  const userInfo = request['userInfo']
  return {
    uid,
    kind: {
      group: textOf(kind, 'group', 'request.kind'),
      version: textOf(kind, 'version', 'request.kind'),
      kind: textOf(kind, 'kind', 'request.kind')
    },
    resource: textOf(objectOf(request, 'resource') ?? {}, 'resource', 'request.resource'),
    subResource: textOf(request, 'subResource', 'request'),
    operation: operation as Operation,
    namespace: textOf(request, 'namespace', 'request'),
    name: textOf(request, 'name', 'request'),
    userName: isRecord(userInfo) && typeof userInfo['username'] === 'string' ? userInfo['username'] : undefined,
    dryRun: request['dryRun'] === true,
    object: objectOf(request, 'object'),
    oldObject: objectOf(request, 'oldObject')
  }
}

/** A string field; absent and null are the empty string, as in Go. */
function textOf(holder: JsonRecord, field: string, at: string): string {
  const value = holder[field]
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw wrong(`${at}.${field}`, 'a string', nameOf(value))
  return value
}

function objectOf(request: JsonRecord, field: string): JsonRecord | undefined {
  const value = request[field]
  if (value === undefined || value === null) return undefined
  if (!isRecord(value)) throw wrong(`request.${field}`, 'an object or null', nameOf(value))
  return value
}

function wrong(at: string, expected: string, found: string): AppError {
  return new AppError('ERR_REVIEW_MALFORMED', `${at}: expected ${expected}, found ${found}`)
}

/** A short text quoted, anything else by its type: the value comes from outside and may be long or secret. */
function shown(value: unknown): string {
  return typeof value === 'string' && value.length <= 64 ? JSON.stringify(value) : nameOf(value)
}

const reviewHead = '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":'

/** The body of the answer. */
export function renderReview(response: ReviewResponse): string {
  return `${reviewHead}${JSON.stringify(response)}}`
}
