import { isRecord, type JsonRecord } from '../lib/json/shape.ts'
import type { PodSpec } from './types.ts'

/** A test of one label or field of a node. */
export interface NodeRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  readonly values: ReadonlySet<string>
  /** What Gt and Lt compare with. */
  readonly bound: bigint
}

/** All of its requirements must hold. */
export interface NodeTerm {
  readonly labels: readonly NodeRequirement[]
  readonly fields: readonly NodeRequirement[]
}

export interface Toleration {
  readonly key: string
  readonly operator: string
  readonly value: string
  readonly effect: string
}

/** Which nodes a pod may land on, as far as the pod itself says. */
export interface Placement {
  /** Equal for placements that are; what candidate nodes are remembered by. */
  readonly signature: string
  /** Already on this node: nothing else counts. */
  readonly nodeName: string | undefined
  /** The only node it can land on: its nodeName, or what a DaemonSet's pod names in matchFields. */
  readonly pinned: string | undefined
  readonly nodeSelector: readonly (readonly [string, string])[]
  /** ORed; undefined when nothing is required. Terms that match nothing are left out. */
  readonly terms: readonly NodeTerm[] | undefined
  readonly tolerations: readonly Toleration[]
  /** It asks for more than is looked into within a review; its nodes are not known. */
  readonly isTooLong: boolean
}

/** Who makes the pods of a template, since that decides what tolerations they come with. */
export type Maker = 'pod' | 'controller' | 'daemon-set'

/**
 * Requirements and tolerations of one pod that are looked into: each is tested on each node, and with 5,000 nodes this
 * many take some 20 ms, once. Real pods have a handful. Own choice.
 */
const mostTests = 100
/** Characters; a placement is remembered by its signature. 100 tests of both label and value at full length fit. */
const longestSignature = 48 * 1024

/** Placements remembered; a cluster has a few dozen. Own choice. */
const mostPlacements = 1_000

/** Reads placements, and gives the same object for the same text. */
export class Placements {
  readonly #held = new Map<string, Placement>()

  /** Never throws: what has not the shape of the API matches nothing, as a term that cannot be parsed does there. */
  of(podSpec: PodSpec, maker: Maker = 'pod'): Placement {
    const { nodeName, nodeSelector, tolerations } = podSpec
    const required = requiredAffinityOf(podSpec)
    // The host network decides what a DaemonSet's pods tolerate, and nothing else.
    const made = maker === 'daemon-set' && podSpec.hostNetwork === true ? 'daemon-set on the host network' : maker
    const signature = JSON.stringify([made, nodeName || 0, nodeSelector ?? 0, required ?? 0, tolerations ?? 0])
    const held = this.#held.get(signature)
    if (held !== undefined) return held
    const placement = placementOf(podSpec, maker, required, signature)
    if (placement.pinned === undefined && !placement.isTooLong) {
      if (this.#held.size >= mostPlacements) this.#held.clear()
      this.#held.set(signature, placement)
    }
    return placement
  }
}

/** Of a pod of which nobody knows where it may land: any node, whatever its taints. */
export const anyNode: Placement = {
  signature: '*',
  nodeName: undefined,
  pinned: undefined,
  nodeSelector: [],
  terms: undefined,
  tolerations: [{ key: '', operator: 'Exists', value: '', effect: '' }],
  isTooLong: false
}

function placementOf(podSpec: PodSpec, maker: Maker, required: unknown, signature: string): Placement {
  const nodeName = podSpec.nodeName || undefined
  const tolerations = tolerationsOf(podSpec, maker)
  const nodeSelector = Object.entries(podSpec.nodeSelector ?? {})
  const listed = isRecord(required) ? recordsOf(required['nodeSelectorTerms']) : []
  const tests = listed.reduce(
    (sum, term) => sum + recordsOf(term['matchExpressions']).length + recordsOf(term['matchFields']).length,
    nodeSelector.length + tolerations.length
  )
  const isTooLong = tests > mostTests || signature.length > longestSignature
  const terms =
    required === undefined ? undefined : isTooLong ? [] : listed.map(termOf).filter((term) => term !== undefined)
  return {
    signature: isTooLong ? '' : signature,
    nodeName,
    pinned: nodeName ?? pinnedBy(terms),
    nodeSelector,
    terms,
    tolerations,
    isTooLong: nodeName === undefined && isTooLong
  }
}

function requiredAffinityOf({ affinity }: PodSpec): unknown {
  const nodeAffinity = isRecord(affinity) ? affinity['nodeAffinity'] : undefined
  const required = isRecord(nodeAffinity) ? nodeAffinity['requiredDuringSchedulingIgnoredDuringExecution'] : undefined
  return required ?? undefined
}

/** The one node a DaemonSet's controller writes into its pods (kubernetes pkg/controller/daemon/util). */
function pinnedBy(terms: readonly NodeTerm[] | undefined): string | undefined {
  if (terms === undefined || terms.length !== 1) return undefined
  const field = terms[0]?.fields.find(({ key, operator }) => key === nameField && operator === 'In')
  return field === undefined ? undefined : [...field.values][0]
}

/** The only field a node selector may name (kubernetes pkg/apis/core/validation). */
export const nameField = 'metadata.name'

/**
 * A term as component-helpers nodeaffinity reads it; undefined for one that matches nothing: an empty one, and one that
 * cannot be parsed.
 */
function termOf(term: JsonRecord): NodeTerm | undefined {
  const labels = listOf(term['matchExpressions']).map(labelRequirementOf)
  const fields = listOf(term['matchFields']).map(fieldRequirementOf)
  if (labels.length === 0 && fields.length === 0) return undefined
  if (!labels.every((requirement) => requirement !== undefined)) return undefined
  if (!fields.every((requirement) => requirement !== undefined)) return undefined
  return { labels, fields }
}

/** As labels.NewRequirement of apimachinery; undefined where that returns an error. */
function labelRequirementOf(value: unknown): NodeRequirement | undefined {
  if (!isRecord(value)) return undefined
  const { key, operator } = value
  const values = textsOf(value['values'])
  if (values === undefined || typeof key !== 'string' || !isLabelKey(key) || !values.every(isLabelValue))
    return undefined
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length === 0 ? undefined : { key, operator, values: new Set(values), bound: 0n }
    case 'Exists':
    case 'DoesNotExist':
      return values.length > 0 ? undefined : { key, operator, values: new Set(), bound: 0n }
    case 'Gt':
    case 'Lt': {
      const bound = values.length === 1 ? readInt64(values[0] as string) : undefined
      return bound === undefined ? undefined : { key, operator, values: new Set(), bound }
    }
    default:
      return undefined
  }
}

/** Fields know only In and NotIn, with exactly one value. */
function fieldRequirementOf(value: unknown): NodeRequirement | undefined {
  if (!isRecord(value)) return undefined
  const { key, operator } = value
  const values = textsOf(value['values'])
  if (typeof key !== 'string' || values?.length !== 1) return undefined
  if (operator !== 'In' && operator !== 'NotIn') return undefined
  return { key, operator, values: new Set(values), bound: 0n }
}

/** As strconv.ParseInt(text, 10, 64). */
export function readInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,30}$/.test(text)) return undefined
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return BigInt.asIntN(64, value) === value ? value : undefined
}

const labelName = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/
const labelPrefix = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

/** As IsQualifiedName of apimachinery. */
function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/')
  if (slash < 0) return labelName.test(key)
  const prefix = key.slice(0, slash)
  return prefix.length <= 253 && labelPrefix.test(prefix) && labelName.test(key.slice(slash + 1))
}

function isLabelValue(value: string): boolean {
  return value === '' || labelName.test(value)
}

/** Given to every pod at admission, after its template was (plugin DefaultTolerationSeconds). */
const controllerTolerations: readonly Toleration[] = ['not-ready', 'unreachable'].map((name) => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  value: '',
  effect: 'NoExecute'
}))

/** Given to their pods by DaemonSets (kubernetes pkg/controller/daemon/util AddOrUpdateDaemonPodTolerations). */
const daemonTolerations: readonly Toleration[] = [
  ...controllerTolerations,
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((name) => ({
    key: `node.kubernetes.io/${name}`,
    operator: 'Exists',
    value: '',
    effect: 'NoSchedule'
  }))
]

const hostNetworkToleration: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  value: '',
  effect: 'NoSchedule'
}

function tolerationsOf(podSpec: PodSpec, maker: Maker): readonly Toleration[] {
  const own = recordsOf(podSpec.tolerations).map((toleration) => ({
    key: textOf(toleration['key']),
    operator: textOf(toleration['operator']),
    value: textOf(toleration['value']),
    effect: textOf(toleration['effect'])
  }))
  if (maker === 'pod') return own
  if (maker === 'controller') return [...own, ...controllerTolerations]
  return [...own, ...daemonTolerations, ...(podSpec.hostNetwork === true ? [hostNetworkToleration] : [])]
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function recordsOf(value: unknown): readonly JsonRecord[] {
  return listOf(value).filter(isRecord)
}

function textsOf(value: unknown): readonly string[] | undefined {
  const list = listOf(value)
  return list.every((entry) => typeof entry === 'string') ? list : undefined
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
