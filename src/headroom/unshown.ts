import type { Pids } from '../model/units.ts'
import type { NodeEntry, PodEntry } from './entries.ts'

/** Pods whose binding was allowed here and that the API server has not shown on their node yet; milliseconds, mostly. */
export class UnshownBindings {
  readonly #byPod = new Map<PodEntry, { readonly node: NodeEntry; readonly pids: Pids }>()
  readonly #byNode = new Map<NodeEntry, Pids>()

  add(pod: PodEntry, node: NodeEntry, pids: Pids): void {
    this.delete(pod)
    this.#byPod.set(pod, { node, pids })
    this.#byNode.set(node, (this.#byNode.get(node) ?? 0) + pids)
  }

  delete(pod: PodEntry): void {
    const held = this.#byPod.get(pod)
    if (held === undefined) return
    this.#byPod.delete(pod)
    const rest = (this.#byNode.get(held.node) ?? 0) - held.pids
    if (rest > 0) this.#byNode.set(held.node, rest)
    else this.#byNode.delete(held.node)
  }

  /** What they are counted with on that node, without the one that asks. */
  on(node: NodeEntry, self: PodEntry | undefined): Pids {
    const own = self === undefined ? undefined : this.#byPod.get(self)
    return (this.#byNode.get(node) ?? 0) - (own?.node === node ? own.pids : 0)
  }
}
