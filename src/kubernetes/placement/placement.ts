import { isRecord, recordsOf } from '../../lib/json/shape.ts'
import type { PodSpec } from '../types.ts'
import { type NodeTerm, pinnedBy, requiredAffinityOf, termOf } from './node-affinity.ts'
import { type Maker, type Toleration, tolerationsOf } from './tolerations.ts'

/** Which nodes a pod may land on, as far as its spec says. */
export interface Placement {
  /** Equal for equal placements; the key under which candidate nodes are remembered. */
  readonly signature: string
  /** The node it is bound to already; nothing else counts then. */
  readonly nodeName: string | undefined
  /** The only node it can land on: its nodeName, or the one a DaemonSet's pod names in matchFields. */
  readonly pinned: string | undefined
  readonly nodeSelector: readonly (readonly [string, string])[]
  /** ORed; undefined when nothing is required. Terms that match nothing are left out. */
  readonly terms: readonly NodeTerm[] | undefined
  readonly tolerations: readonly Toleration[]
  /**
   * The operating system of its nodes: of spec.os, or linux where it says nothing of it, since the image of such a pod would
   * not start on Windows. undefined where its selector or affinity names one.
   */
  readonly os: string | undefined
  /** It has more requirements than a review may test; its nodes are not known. */
  readonly isTooLong: boolean
}

/**
 * The most requirements and tolerations of one pod that are tested. Each is tested on each node: with 5,000 nodes this many
 * take some 20 ms, once. Real pods have a handful. Own choice.
 */
const mostTests = 100
/** Characters. 100 tests of label and value at full length fit. */
const longestSignature = 48 * 1024

/** How many placements are remembered; a cluster has a few dozen. Own choice. */
const mostPlacements = 1_000

/** Reads placements from pod specs; equal specs give the same object. */
export class Placements {
  readonly #held = new Map<string, Placement>()

  /** Never throws: a term of the wrong shape matches no node, like a term that the scheduler cannot parse. */
  of(podSpec: PodSpec, maker: Maker = 'pod'): Placement {
    const { nodeName, nodeSelector, tolerations } = podSpec
    const required = requiredAffinityOf(podSpec)
    // The host network decides what a DaemonSet's pods tolerate, and nothing else.
    const made = maker === 'daemon-set' && podSpec.hostNetwork === true ? 'daemon-set on the host network' : maker
    const signature = JSON.stringify([
      made,
      nodeName || 0,
      nodeSelector ?? 0,
      required ?? 0,
      tolerations ?? 0,
      podSpec.os?.name ?? 0
    ])
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

/** The placement of a pod whose own is not known: any node, whatever its taints. */
export const anyNode: Placement = {
  signature: '*',
  nodeName: undefined,
  pinned: undefined,
  nodeSelector: [],
  terms: undefined,
  tolerations: [{ key: '', operator: 'Exists', value: '', effect: '' }],
  os: undefined,
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
    os: systemOf(podSpec, terms),
    isTooLong: nodeName === undefined && isTooLong
  }
}

/** The label by which kubelets name the operating system of their node. */
export const osLabel = 'kubernetes.io/os'

function systemOf({ os, nodeSelector }: PodSpec, terms: readonly NodeTerm[] | undefined): string | undefined {
  if (typeof os?.name === 'string') return os.name
  const isSelected =
    nodeSelector?.[osLabel] !== undefined || terms?.some(({ labels }) => labels.some(({ key }) => key === osLabel))
  return isSelected ? undefined : 'linux'
}
