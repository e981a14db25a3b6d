import type { Pids } from '../../../lib/units.ts'
import type { Clock } from '../../../ports/runtime.ts'
import { boundedBy, type Estimate, figureOf } from '../../estimate.ts'
import type { PodEntry } from '../entries.ts'
import type { LedgerPod } from '../ledger-inputs.ts'

/** What pods of the ledger count with. */
export class PodFigures {
  readonly #clock: Clock
  readonly #defaultEstimate: (namespace: string) => Pids

  /** `defaultEstimate`: of a pod of the namespace of which nothing else is known. */
  constructor(clock: Clock, defaultEstimate: (namespace: string) => Pids) {
    this.#clock = clock
    this.#defaultEstimate = defaultEstimate
  }

  pidsOf(pod: PodEntry): Pids {
    const pids = pod.admitted ?? this.#expectedOf(pod).pids
    return pod.limit === undefined || pod.limit > pids ? pids : pod.limit
  }

  /** The same, and where it comes from. `facts`: as the API server shows the pod. */
  explain(pod: PodEntry, facts: LedgerPod): Estimate {
    const figure = figureOf(facts)
    if (figure === undefined && pod.admitted === undefined) return boundedBy(this.#expectedOf(pod), pod.limit)
    if (figure?.pids === pod.estimate) return figure
    return { pids: pod.estimate, source: pod.estimate === pod.limit ? 'limit' : undefined }
  }

  /** The estimate of a pod without a figure of its own that was not admitted here: as `estimateOf`, but without profiles. */
  #expectedOf({ namespace, workload, template }: PodEntry): Estimate {
    const assumed = { pids: this.#defaultEstimate(namespace.name), source: 'default' } as const
    return workload === undefined ? assumed : workload.expected(template, assumed, this.#clock.now())
  }
}
