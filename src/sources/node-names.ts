import type { ReadingTarget } from '../ports.ts'

/** Labels that may tell the node, the surest first: `instance` is an address and a port, or what a relabelling made of it. */
export const nodeLabels = ['node', 'kubernetes_node', 'nodename', 'instance'] as const

/** Which node a series of Prometheus speaks of. */
export class NodeNames {
  readonly #names = new Map<string, string>()

  constructor(targets: readonly ReadingTarget[]) {
    for (const { name, address } of targets) if (address !== undefined) this.#names.set(address, name)
    // A name wins over another node's address.
    for (const { name } of targets) this.#names.set(name, name)
  }

  nodeOf(labels: Readonly<Record<string, string>>): string | undefined {
    for (const label of nodeLabels) {
      const value = labels[label]
      if (value === undefined || value === '') continue
      const node = this.#names.get(value) ?? this.#names.get(withoutPort(value))
      if (node !== undefined) return node
    }
    return undefined
  }
}

/** `10.0.0.1:9100`, `[fd00::1]:9100`, `node-a:9100`. */
function withoutPort(instance: string): string {
  return instance.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}
