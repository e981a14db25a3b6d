import type { CacheEvents, PodFacts, WorkloadName } from '../ports.ts'

/** How this process is known as a pod. */
export interface OwnPod {
  readonly namespace: string
  readonly name: string
}

/**
 * Counts the replicas that answer reviews, by the pods of our own workload. During an upgrade there are more of them than
 * the Deployment says. To be handed to the cache of pods.
 */
export class Replicas implements CacheEvents<PodFacts> {
  readonly #own: OwnPod | undefined
  /** Pods of our namespace that may be at work: a handful. */
  readonly #pods = new Map<string, PodFacts>()

  constructor(own: OwnPod | undefined) {
    this.#own = own
  }

  /** At least 1: ourselves, also where we are no pod, or not seen yet. */
  get count(): number {
    const pods = [...this.#pods.values()]
    const own = pods.find(({ name }) => name === this.#own?.name)
    return own === undefined ? 1 : pods.filter(({ workload }) => isSame(workload, own.workload)).length
  }

  changed(pod: PodFacts): void {
    if (pod.namespace !== this.#own?.namespace) return
    // One that is told to go still answers for some seconds.
    if (pod.node === undefined || pod.phase === 'Succeeded' || pod.phase === 'Failed') this.#pods.delete(pod.uid)
    else this.#pods.set(pod.uid, pod)
  }

  removed({ uid }: PodFacts): void {
    this.#pods.delete(uid)
  }
}

function isSame(a: WorkloadName, b: WorkloadName): boolean {
  return a.kind === b.kind && a.name === b.name
}
