import type { Pids } from '../../lib/units.ts'
import type { PodFacts } from '../../model/cluster-objects.ts'
import type { CacheEvents } from '../../ports/cluster-cache.ts'

/** Follows pods: those that wait with a request of pidguard.io/pids, and those that a kubelet refused for it. */
export class WaitingRequests implements CacheEvents<PodFacts> {
  /** The request of each, by uid. */
  readonly #waiting = new Map<string, Pids>()
  #sizes: readonly Pids[] | undefined
  readonly #refused: (pod: PodFacts) => void

  /** `refused` is called once for each pod that is refused while it is followed. */
  constructor(refused: (pod: PodFacts) => void) {
    this.#refused = refused
  }

  /** The requests of pods that have one and no node, gated ones too: each size once, the smallest first. */
  get sizes(): readonly Pids[] {
    this.#sizes ??= [...new Set(this.#waiting.values())].sort((a, b) => a - b)
    return this.#sizes
  }

  changed(pod: PodFacts, previous: PodFacts | undefined): void {
    const { uid, requested, node, deleting, phase } = pod
    if (requested !== undefined && node === undefined && !deleting && phase === 'Pending') {
      if (this.#waiting.get(uid) !== requested) this.#sizes = undefined
      this.#waiting.set(uid, requested)
    } else this.removed(pod)
    // One that was refused before we looked is not counted again by each leader.
    if (pod.isOutOfPids === true && previous !== undefined && previous.isOutOfPids !== true) this.#refused(pod)
  }

  removed({ uid }: Pick<PodFacts, 'uid'>): void {
    if (this.#waiting.delete(uid)) this.#sizes = undefined
  }
}
