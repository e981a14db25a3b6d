import type { Pids } from '../lib/units.ts'
import type { PodFacts } from '../model/cluster-objects.ts'
import type { CacheEvents } from '../ports/cluster-cache.ts'

/**
 * Pods whose binding was refused, by the node that the scheduler had chosen. A large pod may be refused where a usual one
 * still fits, and the scheduler would choose the same node again and again. It does not matter which replica refused: the
 * scheduler writes the refusal into the pod's status. Give this to the cache of pods as a listener.
 */
export class RefusedPods implements CacheEvents<PodFacts> {
  readonly #nodes = new Map<string, Map<string, Pids>>()

  /** The largest estimate among those refused there; 0 when there are none, or all are of the usual size. */
  largest(node: string): Pids {
    return Math.max(0, ...(this.#nodes.get(node)?.values() ?? []))
  }

  changed(pod: PodFacts, previous: PodFacts | undefined): void {
    const node = nodeOf(pod)
    const before = previous === undefined ? undefined : nodeOf(previous)
    if (before !== undefined && before !== node) this.#forget(before, pod.uid)
    if (node === undefined) return
    const pods = this.#nodes.get(node) ?? new Map<string, Pids>()
    pods.set(pod.uid, pod.estimated ?? pod.declared ?? 0)
    this.#nodes.set(node, pods)
  }

  removed(pod: PodFacts): void {
    const node = nodeOf(pod)
    if (node !== undefined) this.#forget(node, pod.uid)
  }

  #forget(node: string, uid: string): void {
    const pods = this.#nodes.get(node)
    pods?.delete(uid)
    if (pods?.size === 0) this.#nodes.delete(node)
  }
}

/** undefined for a pod that is bound, or that never will be. */
function nodeOf({ node, deleting, refusedBy }: PodFacts): string | undefined {
  return node !== undefined || deleting ? undefined : refusedBy
}
