import type { Placement } from '../../kubernetes/placement/placement.ts'
import type { LedgerNode } from './ledger-inputs.ts'
import { mayLand } from './may-land.ts'

/** A node that may become a candidate; its facts are undefined while the API server does not know it. */
export interface CandidateNode {
  readonly facts: LedgerNode | undefined
}

/** The nodes of one placement. */
export interface CandidateSet<N> {
  readonly nodes: readonly N[]
  /** Index of the node where the last pod found room; the next search begins there. */
  hint: number
}

/** How many sets are remembered; each takes 8 bytes per node it holds. Own choice. */
const mostSets = 128

/** Candidate nodes by placement, computed once and then updated node by node. */
export class CandidateSets<N extends CandidateNode> {
  readonly #all: () => Iterable<N>
  readonly #byName: (name: string) => N | undefined
  readonly #sets = new Map<string, { readonly placement: Placement; readonly nodes: N[]; hint: number }>()
  #looked = 0

  constructor(all: () => Iterable<N>, byName: (name: string) => N | undefined) {
    this.#all = all
    this.#byName = byName
  }

  /** Nodes tested so far to compute sets: the difference between two readings is what the calls between them cost. */
  get looked(): number {
    return this.#looked
  }

  /** Whether `of` answers without testing all nodes. */
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

  /** To be called whenever the facts of a node came, went, or changed in what `mayLand` reads. */
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
