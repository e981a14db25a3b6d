import type { Pids } from '../../lib/units.ts'
import { type NearLimit, nearest } from '../../model/near-limit.ts'
import { labelOf } from './series-labels.ts'

/** What one container was counted with. */
interface Counted {
  readonly container: string
  inUse: Pids
  limit: Pids | undefined
}

/**
 * Tasks of pods by the labels `namespace`, `pod` and `container` of their series. Where the container runtime counts (CRI), `id` is
 * the id of a container and not a cgroup: containerd pkg internal/cri/server/list_metric_descriptors.go, CRI-O internal/lib/stats.
 */
export class LabelledThreads {
  /** By `namespace/pod`, then by the id of the container. */
  readonly #pods = new Map<string, Map<string, Counted>>()
  #hasLimits = false

  /** There is no such series. */
  get isEmpty(): boolean {
    return this.#pods.size === 0
  }

  /** By `namespace/pod` the tasks of its containers together. */
  get pods(): Map<string, Pids> {
    return new Map([...this.#pods].map(([pod, containers]) => [pod, sumOf(containers.values())]))
  }

  /** A series whose labels begin at `from`; one without a pod is passed over. A limit of 0 is none. */
  record(line: string, from: number, id: string, isLimit: boolean, value: number): void {
    const [namespace, pod] = [labelOf(line, from, 'namespace'), labelOf(line, from, 'pod')]
    if (namespace === undefined || pod === undefined || namespace === '' || pod === '') return
    const key = ownText(`${namespace}/${pod}`)
    const containers = this.#pods.get(key) ?? new Map<string, Counted>()
    this.#pods.set(key, containers)
    const container = ownText(labelOf(line, from, 'container') ?? '')
    const held = containers.get(id) ?? { container, inUse: 0, limit: undefined }
    containers.set(ownText(id), held)
    if (isLimit) {
      this.#hasLimits = true
      held.limit = value === 0 ? undefined : value
    } else held.inUse = value
  }

  /** Limits of containers that are at least half used; `uidOf` gives the uid of `namespace/pod`. undefined: no series is one. */
  nearLimits(uidOf: (pod: string) => string | undefined): NearLimit[] | undefined {
    if (!this.#hasLimits) return undefined
    const found: NearLimit[] = []
    for (const [name, containers] of this.#pods) {
      const pod = uidOf(name)
      if (pod === undefined) continue
      for (const { container, limit, inUse } of containers.values()) {
        if (limit !== undefined) found.push({ of: 'container', pod, name: container, limit, inUse })
      }
    }
    return nearest(found)
  }
}

function sumOf(containers: Iterable<Counted>): Pids {
  let sum = 0
  for (const { inUse } of containers) sum += inUse
  return sum
}

/** The text by itself: V8 cuts it out of the line by reference, and would hold the line for as long. */
function ownText(part: string): string {
  return Buffer.from(part, 'latin1').toString('latin1')
}
