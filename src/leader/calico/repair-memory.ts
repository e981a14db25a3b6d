import type { Millis } from '../../lib/units.ts'

/** Undone as often within `forgiving`, repairs stop: something else writes the DaemonSet, and neither side would win. */
const mostUndone = 2
/** Once a repaired DaemonSet has stayed as it is for this long, what was undone before no longer counts. Own choice. */
const forgiving: Millis = 60 * 60_000

interface Held {
  /** Repairs that another writer has undone. */
  undone: number
  /** Since when it is as the policy says; undefined: it is not. */
  cleanSince: Millis | undefined
  /** It is as the policy says because we repaired it. */
  isOurs: boolean
  /** Rules whose repair was written since it was last clean. */
  readonly written: Set<string>
  isStopped: boolean
  /** What was reported of the present episode. */
  reported: string | undefined
}

/** What the keeper remembers of each DaemonSet of Felix, by uid, for one time of leading. Pure. */
export class RepairMemory {
  readonly #held = new Map<string, Held>()

  /** DaemonSets that are not repaired any more. */
  get stopped(): number {
    return [...this.#held.values()].filter(({ isStopped }) => isStopped).length
  }

  /** It is as the policy says. */
  clean(uid: string, now: Millis): void {
    const held = this.#held.get(uid)
    if (held === undefined) return
    held.reported = undefined
    if (held.written.size > 0) held.isOurs = true
    held.written.clear()
    held.cleanSince ??= now
    if (now - held.cleanSince >= forgiving) this.#held.delete(uid)
  }

  /** It is out of policy. `isNews`: what is wrong was not reported yet. `stops`: its repairs were undone too often just now. */
  broken(uid: string, what: string): { readonly isNews: boolean; readonly stops: boolean } {
    const held = this.#of(uid)
    if (held.cleanSince !== undefined && held.isOurs) held.undone++
    held.cleanSince = undefined
    held.isOurs = false
    const stops = held.undone >= mostUndone && !held.isStopped
    held.isStopped ||= stops
    return { isNews: held.reported !== what, stops }
  }

  /** What is wrong was reported. */
  reported(uid: string, what: string): void {
    this.#of(uid).reported = what
  }

  mayRepair(uid: string): boolean {
    return this.#held.get(uid)?.isStopped !== true
  }

  /**
   * Its repair by that rule was written. If the same rule was written before and the DaemonSet was never clean in between,
   * the first repair was undone at once.
   */
  repaired(uid: string, ruleId: string): void {
    const held = this.#of(uid)
    if (held.written.has(ruleId)) held.undone++
    held.written.add(ruleId)
  }

  retain(isThere: (uid: string) => boolean): void {
    for (const uid of this.#held.keys()) if (!isThere(uid)) this.#held.delete(uid)
  }

  #of(uid: string): Held {
    const held = this.#held.get(uid) ?? {
      undone: 0,
      cleanSince: undefined,
      isOurs: false,
      written: new Set<string>(),
      isStopped: false,
      reported: undefined
    }
    this.#held.set(uid, held)
    return held
  }
}
