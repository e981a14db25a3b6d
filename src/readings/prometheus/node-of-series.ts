import type { ReadingTarget } from '../../model/node-reading.ts'

/** Labels that may tell the node, the surest first: `instance` is an address and a port, or what a relabelling made of it. */
export const nodeLabels = ['node', 'kubernetes_node', 'nodename', 'instance'] as const

/** Which node a series of Prometheus speaks of. */
export class NodeNames {
  readonly #names = new Map<string, string>()

  /** How many nodes there are. */
  readonly nodes: number

  constructor(targets: readonly ReadingTarget[]) {
    this.nodes = targets.length
    for (const { name, address } of targets) if (address !== undefined) this.#names.set(address, name)
    // A name wins over another node's address.
    for (const { name } of targets) this.#names.set(name, name)
  }

  nodeOf(labels: Readonly<Record<string, string>>): string | undefined {
    const label = this.#labelOf(labels)
    return label === undefined ? undefined : this.#nodeNamed(labels[label])
  }

  /** By which labels, with which values each once, series like these tell their nodes. */
  labelsOf(series: readonly Readonly<Record<string, string>>[]): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, Set<string>>()
    for (const labels of series) {
      const label = this.#labelOf(labels)
      if (label === undefined) continue
      const values = found.get(label) ?? new Set()
      found.set(label, values.add(labels[label] as string))
    }
    return new Map([...found].map(([label, values]) => [label, [...values]]))
  }

  #labelOf(labels: Readonly<Record<string, string>>): string | undefined {
    return nodeLabels.find((label) => this.#nodeNamed(labels[label]) !== undefined)
  }

  #nodeNamed(value: string | undefined): string | undefined {
    if (value === undefined || value === '') return undefined
    return this.#names.get(value) ?? this.#names.get(withoutPort(value))
  }
}

/** `10.0.0.1:9100`, `[fd00::1]:9100`, `node-a:9100`. */
function withoutPort(instance: string): string {
  return instance.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}
