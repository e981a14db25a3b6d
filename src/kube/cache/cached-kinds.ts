import { isDeepStrictEqual } from 'node:util'
import { pidsIn } from '../../kubernetes/qos/pids-request.ts'
import { parseQuantity } from '../../kubernetes/qos/quantity.ts'
import type { KubernetesObject, LimitRangeItem, ResourceList } from '../../kubernetes/types.ts'
import { isRecord, type JsonRecord, malformed, optionalList, optionalRecord } from '../../lib/json/shape.ts'
import type { Bytes, Millis, Pids } from '../../lib/units.ts'
import type { NamedNamespace, NodeFacts, Taint } from '../../model/cluster-objects.ts'
import type { Kind } from './kind.ts'

/** The port of a kubelet where its Node names none. */
const defaultKubeletPort = 10_250

export const nodeKind: Kind<NodeFacts> = {
  resource: 'nodes',
  path: '/api/v1/nodes',
  // A Node lists up to 50 images; with 500 Nodes the first page would have 25 MB.
  firstPage: 100,
  isStreamed: true,
  keyOf: ({ name }) => name,
  project: nodeFactsOf,
  same: isDeepStrictEqual
}

export function nodeFactsOf(object: JsonRecord): NodeFacts {
  const { name, uid, labels } = metadataOf(object)
  const spec = optionalRecord(object['spec'], '/spec') ?? {}
  const status = optionalRecord(object['status'], '/status') ?? {}
  return {
    name,
    uid,
    labels,
    taints: (optionalList(spec['taints'], '/spec/taints') ?? []).filter(isRecord).map(taintOf),
    unschedulable: spec['unschedulable'] === true,
    pidPressure: pidPressureOf(status),
    address: internalIpOf(status),
    kubeletPort: kubeletPortOf(status),
    ...memoryOf(status),
    ...offeredOf(status),
    ...createdOf(object)
  }
}

function memoryOf({ capacity }: JsonRecord): { memory: Bytes } | undefined {
  const nanos = isRecord(capacity) ? parseQuantity(textOf(capacity['memory'])) : undefined
  return nanos === undefined ? undefined : { memory: Number(nanos / 1_000_000_000n) }
}

function offeredOf({ capacity, allocatable }: JsonRecord): { offered: Pids } | undefined {
  const known = [capacity, allocatable]
    .map((list) => (isRecord(list) ? pidsIn(list as ResourceList) : undefined))
    .filter((pids) => pids !== undefined)
  return known.length === 0 ? undefined : { offered: Math.min(...known) }
}

function createdOf({ metadata }: KubernetesObject): { createdAt: Millis } | undefined {
  const createdAt = Date.parse(textOf(metadata?.creationTimestamp))
  return Number.isNaN(createdAt) ? undefined : { createdAt }
}

function taintOf(taint: JsonRecord): Taint {
  return { key: textOf(taint['key']), value: textOf(taint['value']), effect: textOf(taint['effect']) }
}

function pidPressureOf(status: JsonRecord): boolean | undefined {
  const conditions = optionalList(status['conditions'], '/status/conditions') ?? []
  const condition = conditions.filter(isRecord).find(({ type }) => type === 'PIDPressure')
  if (condition?.['status'] === 'True') return true
  return condition?.['status'] === 'False' ? false : undefined
}

function internalIpOf(status: JsonRecord): string | undefined {
  const addresses = optionalList(status['addresses'], '/status/addresses') ?? []
  const internal = addresses.filter(isRecord).find(({ type }) => type === 'InternalIP')
  return typeof internal?.['address'] === 'string' ? internal['address'] : undefined
}

function kubeletPortOf(status: JsonRecord): number {
  const endpoints = status['daemonEndpoints']
  const endpoint = isRecord(endpoints) ? endpoints['kubeletEndpoint'] : undefined
  const port = isRecord(endpoint) ? endpoint['Port'] : undefined
  return typeof port === 'number' && port > 0 ? port : defaultKubeletPort
}

export const namespaceKind: Kind<NamedNamespace> = {
  resource: 'namespaces',
  path: '/api/v1/namespaces',
  firstPage: 500,
  keyOf: ({ name }) => name,
  project(object) {
    const { name, labels, annotations } = metadataOf(object)
    return { name, labels, annotations }
  },
  same: isDeepStrictEqual
}

/** The limits of one LimitRange. */
export interface LimitRangeFacts {
  readonly namespace: string
  readonly name: string
  readonly limits: readonly LimitRangeItem[]
}

export const limitRangeKind: Kind<LimitRangeFacts> = {
  resource: 'limitranges',
  path: '/api/v1/limitranges',
  firstPage: 500,
  keyOf: ({ namespace, name }) => `${namespace}/${name}`,
  project(object) {
    const { name, namespace } = metadataOf(object)
    const spec = optionalRecord(object['spec'], '/spec') ?? {}
    const limits = (optionalList(spec['limits'], '/spec/limits') ?? []).filter(isRecord).map((limit) => ({
      type: textOf(limit['type']),
      ...optionalLists(limit)
    }))
    return { namespace, name, limits }
  },
  same: isDeepStrictEqual
}

const limitLists = ['min', 'max', 'default', 'defaultRequest'] as const

function optionalLists(limit: JsonRecord): Omit<LimitRangeItem, 'type'> {
  const lists = limitLists.filter((name) => isRecord(limit[name])).map((name) => [name, limit[name]] as const)
  return Object.fromEntries(lists) as Omit<LimitRangeItem, 'type'>
}

interface Metadata {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** The metadata of an object read from the API server. Throws ERR_OBJECT_MALFORMED where there is no name. */
export function metadataOf(object: JsonRecord): Metadata {
  const { metadata } = object as KubernetesObject
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string') {
    throw malformed('metadata with a name', metadata, '/metadata')
  }
  return {
    name: metadata['name'],
    namespace: textOf(metadata['namespace']),
    uid: textOf(metadata['uid']),
    labels: (metadata['labels'] as Metadata['labels'] | null | undefined) ?? {},
    annotations: (metadata['annotations'] as Metadata['annotations'] | null | undefined) ?? {}
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
