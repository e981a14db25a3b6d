import type { Millis, Pids } from '../../../lib/units.ts'

/** What settled pods of a workload's template hold; see `ObservedPods`. */
export interface ObservedPeak {
  readonly pids: Pids
  /** The pods were watched, or ready, for at least `settleTime`, so a low figure is meaningful. */
  readonly isSettled: boolean
  /** The pod whose peak it is, and how long ago that was read. */
  readonly pod: string
  readonly age: Millis
}

/** A pod that was read, as far as it matters here. */
export interface ReadPod {
  readonly uid: string
  readonly name: string
  /** The hash of its pod template; undefined where it has none. */
  readonly template?: string | undefined
  /** See `PodFacts`. */
  readonly readySince?: Millis | undefined
}

/**
 * A program shows its threads under load, not in its first seconds. Until a workload has been watched for this long, a
 * figure counts only where it is above the profile or default. Own choice: several times the minutes in which runtimes warm
 * up and the first requests arrive. A pod that has been ready for as long needs no watching: so a replica that has just
 * started agrees with the others after one round of readings.
 */
export const settleTime: Millis = 10 * 60_000

/** A peak that was not reached again for this long is forgotten: a daily batch job is remembered. Own choice. */
const remembered: Millis = 25 * 3_600_000

/** Pods of one workload that are remembered. Enough for one outlier, or two, not to decide. Own choice. */
const mostPods = 8

/** A pod that was not seen for this long makes place for another one: several rounds of readings. Own choice. */
const goneTime: Millis = 2 * 60_000

/**
 * No figure above this is what the next pod is counted with: an eighth of 32,768, the kernel's default pid_max of a small
 * machine. Otherwise one pod that leaks could keep its replacement out of a cluster that has room. Own choice; a pod that
 * needs more declares it.
 */
export const mostExpected: Pids = 4_096

interface ObservedPod {
  readonly uid: string
  readonly name: string
  readonly template: string
  /** Its peak of the last `remembered`, and when it was reached. */
  pids: Pids
  peakAt: Millis
  since: Millis
  lastAt: Millis
}

/**
 * What running pods of one workload were seen to hold. The figure for the next pod is a promise about that pod, not a memory
 * of the worst one: of the peaks of single pods of the same template, the one that three quarters do not exceed (of two, the
 * lower). Another template, such as a fixed image, starts without a figure.
 */
export class ObservedPods {
  #pods: ObservedPod[] = []

  /** One of its pods held so many tasks at that instant. */
  observe({ uid, name, template = '', readySince }: ReadPod, pids: Pids, at: Millis): void {
    const since = Math.min(at, readySince ?? at)
    for (const pod of this.#pods) {
      if (pod.uid !== uid) continue
      if (pids >= pod.pids || at - pod.peakAt > remembered) {
        pod.pids = pids
        pod.peakAt = at
      }
      if (since < pod.since) pod.since = since
      if (at > pod.lastAt) pod.lastAt = at
      return
    }
    const made = { uid, name, template, pids, peakAt: at, since, lastAt: at }
    if (this.#pods.length < mostPods) this.#pods.push(made)
    else {
      const index = this.#replaceable(template, at)
      if (index >= 0) this.#pods[index] = made
    }
  }

  /** The figure for a pod of this template; undefined: of the template seen last. undefined when none was seen lately. */
  peak(template: string | undefined, now: Millis): ObservedPeak | undefined {
    this.#forget(now)
    const of = template ?? this.#latest()
    const pods = this.#pods.filter((pod) => pod.template === of)
    if (pods.length === 0) return undefined
    pods.sort((a, b) => a.pids - b.pids)
    const { pids, name, peakAt } = pods[Math.floor((pods.length - 1) * 0.75)] as ObservedPod
    if (pids === 0) return undefined
    const since = Math.min(...pods.map((pod) => pod.since))
    const lastAt = Math.max(...pods.map((pod) => pod.lastAt))
    const isSettled = lastAt - since >= settleTime
    return { pids: Math.min(pids, mostExpected), isSettled, pod: name, age: Math.max(0, now - peakAt) }
  }

  /** A pod of an older template, or else one that was not seen for long; -1: none. */
  #replaceable(template: string, at: Millis): number {
    let found = -1
    let oldest = Number.POSITIVE_INFINITY
    for (const [index, pod] of this.#pods.entries()) {
      const isOther = pod.template !== template
      if (!isOther && at - pod.lastAt <= goneTime) continue
      const rank = isOther ? pod.lastAt - remembered : pod.lastAt
      if (rank < oldest) [found, oldest] = [index, rank]
    }
    return found
  }

  #latest(): string {
    let latest = this.#pods[0]
    for (const pod of this.#pods) if (latest !== undefined && pod.since > latest.since) latest = pod
    return latest?.template ?? ''
  }

  #forget(now: Millis): void {
    if (this.#pods.some(({ lastAt }) => now - lastAt > remembered))
      this.#pods = this.#pods.filter(({ lastAt }) => now - lastAt <= remembered)
  }
}
