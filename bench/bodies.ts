// The AdmissionReview bodies that are posted. They grow out of three recorded ones (fixtures/, see the README), are
// the same in every run, and are compact JSON as the API server sends it.
import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface Review {
  kind: string
  apiVersion: string
  request: ReviewRequest
}

export interface ReviewRequest {
  uid: string
  name?: string
  namespace: string
  operation: string
  object: Workload
  oldObject: Workload | null
  [field: string]: unknown
}

interface Metadata {
  name?: string
  generateName?: string
  namespace?: string
  uid?: string
  labels: Record<string, string>
  annotations?: Record<string, string>
  managedFields?: object[]
  [field: string]: unknown
}

interface Workload {
  metadata: Metadata
  spec: PodSpec & { template: { metadata: Metadata; spec: PodSpec }; [field: string]: unknown }
  [field: string]: unknown
}

interface PodSpec {
  initContainers?: Container[]
  containers: Container[]
}

interface Container {
  name: string
  image: string
  env?: Env[]
  resources?: object
  [field: string]: unknown
}

type Env = { name: string; value: string } | { name: string; valueFrom: object }

/** What differs between reviews of one kind, so that no two bodies of a scenario are the same. */
export type Serial = number

const burstable = { requests: { cpu: '100m', memory: '100Mi' }, limits: { memory: '256Mi' } }

/** A Pod as a ReplicaSet creates it: two containers that say what they need. About 4.7 KB. */
export function pod(serial: Serial): Review {
  const review = fixture('pod-create')
  const { object } = review.request
  const hash = hex(serial, 10)
  identify(review, serial)
  object.metadata.generateName = `helloworld-v1-${hash}-`
  object.metadata.labels['pod-template-hash'] = hash
  object.metadata.annotations = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '5000',
    'checksum/config': hex(serial, 64)
  }
  const app = first(object.spec.containers)
  app.env = [
    ...variables('APP_SETTING', 4, serial),
    { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }
  ]
  app.readinessProbe = {
    httpGet: { path: '/ready', port: 5000, scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3
  }
  app.securityContext = { capabilities: { drop: ['ALL'] }, runAsNonRoot: true, allowPrivilegeEscalation: false }
  app.resources = burstable
  object.spec.containers.push({ ...structuredClone(app), name: 'sidecar' })
  return review
}

/** The same, but one of its containers does not say what it needs: requests are injected. */
export function podWithoutRequests(serial: Serial): Review {
  const review = pod(serial)
  last(review.request.object.spec.containers).resources = {}
  return review
}

/** The same, and none of its containers says what it needs: BestEffort. */
export function bestEffortPod(serial: Serial): Review {
  const review = pod(serial)
  for (const container of review.request.object.spec.containers) container.resources = {}
  return review
}

/** A Pod as the validating phase sees it: named, and with what the mutating phase has added. */
export function judged(review: Review): Review {
  const { request } = review
  const { metadata } = request.object
  request.name = `${metadata.generateName ?? 'pod-'}${hex(1, 5)}`
  Object.assign(metadata, {
    name: request.name,
    namespace: request.namespace,
    uid: request.uid,
    creationTimestamp: '2026-11-21T10:58:06Z'
  })
  metadata.annotations = {
    ...metadata.annotations,
    'pidguard.io/pids-estimate': '100',
    'pidguard.io/pids-estimate-source': 'default'
  }
  return review
}

/** A Deployment with a last-applied annotation and managed fields. About 5 KB. */
export function deployment(serial: Serial): Review {
  const review = fixture('deployment-create')
  identify(review, serial)
  review.request.name = review.request.object.metadata.name = `redis-cart-${serial}`
  return review
}

/**
 * Calico's manifest applied again over a calico-node that is guarded already: both Calico rules have to act. With
 * oldObject and three field managers, about 45 KB.
 */
export function calicoNode(serial: Serial): Review {
  const review = fixture('calico-node-update')
  identify(review, serial)
  const { object, oldObject } = review.request
  for (const each of [object, oldObject]) {
    if (each !== null) felixEnv(each).push(...variables('FELIX_OPTION', 30, serial))
  }
  if (oldObject !== null) {
    felixEnv(oldObject).push({ name: 'FELIX_IPTABLESBACKEND', value: 'NFT' })
    oldObject.spec.updateStrategy = { type: 'OnDelete' }
  }
  const managers = object.metadata.managedFields ?? []
  managers.push({ ...last(managers), manager: 'kubectl-edit' })
  return review
}

/** The worst case for a JSON parser: about 1 MB of small tokens. */
export function bigPod(serial: Serial): Review {
  return manyEnvPod(serial, 3600)
}

// --- shapes that grow: the cost of no input may grow faster than its size ----------------------------------------------

/** Makes a review in which one list has about this many entries. */
export type Shape = (serial: Serial, entries: number) => Review

export const shapes = {
  'pod, env': (serial, entries) => manyEnvPod(serial, entries >> 2),
  'pod, containers': (serial, entries) => {
    const review = pod(serial)
    review.request.object.spec.containers.push(...containers('app', entries, burstable))
    return review
  },
  'pod, containers without requests': (serial, entries) => {
    const review = pod(serial)
    review.request.object.spec.containers.push(...containers('app', entries, {}))
    return review
  },
  'pod, initContainers': (serial, entries) => {
    const review = pod(serial)
    review.request.object.spec.initContainers = containers('init', entries, {})
    return review
  },
  'pod, annotations': (serial, entries) => {
    const review = pod(serial)
    const { annotations = {} } = review.request.object.metadata
    for (let at = 0; at < entries; at++) annotations[`example.com/note-${at}`] = hex(serial + at, 24)
    return review
  },
  'pod, digits of a quantity': (serial, entries) => {
    const review = pod(serial)
    const digits = '7'.repeat(entries)
    first(review.request.object.spec.containers).resources = { requests: { cpu: `${digits}.${digits}` } }
    return review
  },
  'pod, letters of an image': (serial, entries) => {
    const review = pod(serial)
    first(review.request.object.spec.containers).image = `registry.example.com/${'java'.repeat(entries)}`
    return review
  },
  'calico-node, env': (serial, entries) => {
    const review = calicoNode(serial)
    felixEnv(review.request.object).push(...variables('FELIX_OPTION', entries, serial))
    return review
  },
  'calico-node, equal env': (serial, entries) => {
    const review = calicoNode(serial)
    felixEnv(review.request.object).push(...equalBackends(entries))
    return review
  },
  'calico-node, equal env, old and new': (serial, entries) => {
    const review = calicoNode(serial)
    const { object } = review.request
    felixEnv(object).push(...equalBackends(entries))
    review.request.oldObject = structuredClone(object)
    return review
  }
} as const satisfies Record<string, Shape>

/** A review of the shape within a few per cent of the size, found by proportion. */
export function ofSize(shape: Shape, serial: Serial, bytes: number): Review {
  const few = textOf(shape(serial, 100)).length
  const more = textOf(shape(serial, 1100)).length
  return shape(serial, Math.max(1, Math.round(100 + ((bytes - few) * 1000) / (more - few))))
}

function manyEnvPod(serial: Serial, perContainer: number): Review {
  const review = pod(serial)
  const { spec } = review.request.object
  spec.containers.push(...spec.containers.map((container) => ({ ...container, name: `${container.name}-2` })))
  for (const container of spec.containers) container.env = variables('GENERATED_VARIABLE', perContainer, serial)
  return review
}

function containers(prefix: string, count: number, resources: object): Container[] {
  const image = 'registry.example.com/app:1'
  return Array.from({ length: count }, (_, at) => ({
    name: `${prefix}-${at}`,
    image,
    resources,
    imagePullPolicy: 'Always'
  }))
}

function equalBackends(count: number): Env[] {
  return Array.from({ length: count }, () => ({ name: 'FELIX_IPTABLESBACKEND', value: 'Auto' }))
}

/** Of the recorded calico-node, which has one. */
function felixEnv(daemonSet: Workload): Env[] {
  return first(daemonSet.spec.template.spec.containers).env ?? []
}

function variables(prefix: string, count: number, serial: Serial): Env[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `${prefix}_${at}`,
    value: `value-${at}-${hex(serial + at, 12)}`
  }))
}

function identify(review: Review, serial: Serial): void {
  review.request.uid = `${hex(serial, 8)}-2c53-4c95-8376-${hex(serial + 1, 12)}`
}

const fixtures = new Map<string, string>()

function fixture(name: string): Review {
  let text = fixtures.get(name)
  if (text === undefined) {
    text = readFileSync(path.join(import.meta.dirname, 'fixtures', `${name}.json`), 'utf8')
    fixtures.set(name, text)
  }
  return JSON.parse(text) as Review
}

export function textOf(review: Review): string {
  return JSON.stringify(review)
}

/** Hexadecimal digits that look random and are the same in every run. */
function hex(seed: number, digits: number): string {
  let state = (seed + 1) * 2_654_435_761
  let text = ''
  while (text.length < digits) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += state.toString(16).padStart(8, '0')
  }
  return text.slice(0, digits)
}

function first<T>(list: readonly T[]): T {
  return list[0] as T
}

function last<T>(list: readonly T[]): T {
  return list.at(-1) as T
}
