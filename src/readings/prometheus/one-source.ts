import { nodeLabels } from './node-of-series.ts'
import type { Series } from './prometheus-client.ts'

/**
 * The one target of Prometheus that speaks of a ceiling of a node. Where two do, one of them may be of a tenant's making, and
 * nothing says which: then the ceiling is not known.
 */
export class OneSource {
  readonly #seen = new Set<string>()
  #isTwice = false

  /** The target of this series speaks of the node. */
  add({ labels }: Pick<Series, 'labels'>): void {
    this.#seen.add(targetOf(labels))
  }

  /** Two targets have the very same labels. */
  addTwice(): void {
    this.#isTwice = true
  }

  get isAmbiguous(): boolean {
    return this.#isTwice || this.#seen.size > 1
  }

  /** The targets, as a person finds them. */
  get text(): string {
    const [first = '', second = first] = this.#seen
    return this.#seen.size > 1 ? `${first} and ${second}` : `twice ${first}`
  }

  /** Whether this series comes from there, or nothing is known of where from. */
  has({ labels }: Pick<Series, 'labels'>): boolean {
    return this.#seen.size === 0 || this.#seen.has(targetOf(labels))
  }
}

function targetOf(labels: Series['labels']): string {
  const told = nodeLabels.flatMap((label) =>
    labels[label] === undefined ? [] : [`${label}="${labels[label]?.slice(0, 100)}"`]
  )
  return `{${told.join(', ')}}`
}
