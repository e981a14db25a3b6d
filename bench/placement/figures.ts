import type { Millis } from '../../src/lib/units.ts'

/** What one run, or several together, came to. */
export class Figures {
  nodeSeconds = 0
  /** Node-seconds in which more is promised, or in use, than the ceiling. */
  promisedBeyond = 0
  usedBeyond = 0
  wantedPodSeconds = 0
  /** Of wanted pods that run on a node within its ceilings. */
  wellPodSeconds = 0
  /** The longest time for which a pod was Pending although one node had room for it. */
  longestMissed: Millis = 0
  bindings = 0
  refusedBindings = 0
  /** Refused although the node had room in truth. */
  wronglyRefused = 0
  creations = 0
  denials = 0
  /** Denied although all that is Pending and the pod could be packed onto the nodes. */
  falseDenials = 0
  /** Those of them where the API server had shown by then which pods were told to end, and which have ended. */
  shownDenials = 0
  /** Pods that their kubelet refused: OutOfpidguard.io/pids. */
  refusedByKubelet = 0
  /** Pods that were given no request of the resource. */
  withoutRequest = 0
  nodeWrites = 0

  add(other: Figures): void {
    for (const name of Object.keys(other) as (keyof Figures)[]) {
      if (name === 'add') continue
      if (name === 'longestMissed') this.longestMissed = Math.max(this.longestMissed, other.longestMissed)
      else this[name] += other[name]
    }
  }
}

export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole
}
