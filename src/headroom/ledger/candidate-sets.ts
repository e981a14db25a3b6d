import {
  type NodeRequirement,
  type NodeTerm,
  nameField,
  type Placement,
  readInt64,
  type Toleration
} from '../../kubernetes/placement.ts'
import type { Taint } from '../../model/cluster-objects.ts'
import type { NodeFacts } from './facts.ts'

/**
 * pidguard's own mark of a node low on PIDs. Candidates are looked for without it: whether such a node has room is
 * what the caller is about to find out, and if all are marked the answer should say so.
 */
export const lowPidsTaint = 'pidguard.io/low-pids'

/**
 * Whether a pod may land on the node: nodeName, or else nodeSelector, required node affinity, cordon and taints.
 * An over-approximation: what else a scheduler weighs (resources, ports, other pods, volumes) is not looked at.
 */
export function mayLand(placement: Placement, node: NodeFacts): boolean {
  // Bound by hand: the scheduler, and with it taints and cordon, is bypassed.
  if (placement.nodeName !== undefined) return placement.nodeName === node.name
  return isSelected(placement, node) && isOpen(placement, node, isTolerated)
}

/**
 * Whether taints are all that keeps the pods of a template from the node, and such as their admission may add
 * tolerations for: RuntimeClass those of its scheduling, ExtendedResourceToleration one for the GPU they ask for,
 * PodTolerationRestriction those of the namespace. A template shows none of them. What Kubernetes itself puts on its
 * control plane and on nodes in trouble is not counted: some node has such a taint in every cluster.
 */
export function mayLandIfTolerated(placement: Placement, node: NodeFacts): boolean {
  if (placement.nodeName !== undefined || mayLand(placement, node) || !isSelected(placement, node)) return false
  return isOpen(placement, node, (taint, tolerations) => !isOfKubernetes(taint) || isTolerated(taint, tolerations))
}

function isSelected({ nodeSelector, terms }: Placement, node: NodeFacts): boolean {
  for (const [key, value] of nodeSelector) {
    if (labelOf(node, key) !== value) return false
  }
  return terms === undefined || terms.some((term) => termMatches(term, node))
}

function isOpen({ tolerations }: Placement, node: NodeFacts, isPassed: typeof isTolerated): boolean {
  if (node.unschedulable && !isPassed(cordon, tolerations)) return false
  return node.taints.every((taint) => !excludes(taint) || isPassed(taint, tolerations))
}

function isOfKubernetes({ key }: Taint): boolean {
  return key.startsWith('node.kubernetes.io/') || key.startsWith('node-role.kubernetes.io/')
}

/** What a cordoned node is taken to carry (scheduler plugin NodeUnschedulable). */
const cordon: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }

function excludes({ key, effect }: Taint): boolean {
  return (effect === 'NoSchedule' || effect === 'NoExecute') && key !== lowPidsTaint
}

function termMatches({ labels, fields }: NodeTerm, node: NodeFacts): boolean {
  return (
    labels.every((requirement) => requirementMatches(requirement, labelOf(node, requirement.key))) &&
    // Any other field than the name reads as the empty string (fields.Set.Get).
    fields.every((requirement) => requirementMatches(requirement, requirement.key === nameField ? node.name : ''))
  )
}

function requirementMatches({ operator, values, bound }: NodeRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.has(value)
    case 'NotIn':
      return value === undefined || !values.has(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
    case 'Lt': {
      const number = value === undefined ? undefined : readInt64(value)
      if (number === undefined) return false
      return operator === 'Gt' ? number > bound : number < bound
    }
  }
}

function labelOf({ labels }: NodeFacts, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint))
}

/** As ToleratesTaint of api core/v1 toleration.go. */
function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  switch (operator) {
    case '':
    case 'Equal':
      return value === taint.value
    case 'Exists':
      return true
    // Behind a gate since 1.35, and refused by the API server where that is off. A candidate too many is harmless.
    case 'Gt':
    case 'Lt':
      return true
    default:
      return false
  }
}

/** A node as candidates are made of: its facts are undefined while the API server does not know it. */
export interface CandidateNode {
  readonly facts: NodeFacts | undefined
}

/** The nodes of one placement. */
export interface CandidateSet<N> {
  readonly nodes: readonly N[]
  /** Where the last pod found room; the next look begins there. */
  hint: number
}

/** Sets remembered; each takes 8 bytes per node it holds. Own choice. */
const mostSets = 128

/** Candidate nodes by placement, found once and then kept up to date node by node. */
export class CandidateSets<N extends CandidateNode> {
  readonly #all: () => Iterable<N>
  readonly #byName: (name: string) => N | undefined
  readonly #sets = new Map<string, { readonly placement: Placement; readonly nodes: N[]; hint: number }>()
  #looked = 0

  constructor(all: () => Iterable<N>, byName: (name: string) => N | undefined) {
    this.#all = all
    this.#byName = byName
  }

  /** Nodes looked at so far to find sets: what asking for one cost is what this grew by. */
  get looked(): number {
    return this.#looked
  }

  /** Whether asking costs no look at the nodes. */
  isAtHand({ isTooLong, pinned, signature }: Placement): boolean {
    return isTooLong || pinned !== undefined || this.#sets.has(signature)
  }

  of(placement: Placement): CandidateSet<N> {
    if (placement.isTooLong) return { nodes: [], hint: 0 }
    if (placement.pinned !== undefined) {
      const node = this.#byName(placement.pinned)
      const isCandidate = node?.facts !== undefined && mayLand(placement, node.facts)
      return { nodes: isCandidate ? [node] : [], hint: 0 }
    }
    const held = this.#sets.get(placement.signature)
    if (held !== undefined) return held
    const nodes: N[] = []
    for (const node of this.#all()) {
      this.#looked++
      if (node.facts !== undefined && mayLand(placement, node.facts)) nodes.push(node)
    }
    if (this.#sets.size >= mostSets) this.#sets.delete(this.#sets.keys().next().value as string)
    const made = { placement, nodes, hint: 0 }
    this.#sets.set(placement.signature, made)
    return made
  }

  /** To be told whenever the facts of a node came, went, or changed in what placements look at. */
  changed(node: N): void {
    for (const set of this.#sets.values()) {
      const index = set.nodes.indexOf(node)
      const isCandidate = node.facts !== undefined && mayLand(set.placement, node.facts)
      if (isCandidate && index < 0) set.nodes.push(node)
      if (!isCandidate && index >= 0) {
        set.nodes[index] = set.nodes.at(-1) as N
        set.nodes.pop()
      }
    }
  }
}
