import { ExpiryQueue } from '../../lib/expiry-queue.ts'
import type { Millis } from '../../lib/units.ts'
import type { Admitted } from './ledger-inputs.ts'

/** The namespace of requests that are believed to be nobody's: no pod is in it, so they are bounded for every pod. */
export const nobody = ''

/**
 * How long a caller counts as an API server after a pod that it asked about was stored. Longer than the pauses of a quiet
 * cluster, and shorter than it usually takes until a pod gets the address of an API server that is gone. Own choice.
 */
export const provenTime: Millis = 3_600_000

/** How long a caller is doubted after a pod that it asked about was not stored. Own choice: a hundred times what such a pod holds. */
export const doubtTime: Millis = 600_000

/** Own choice: some MB. What goes beyond is not remembered. */
const mostDoubts = 10_000

/** Stands for all namespaces in a doubt. No namespace has such a name. */
const everywhere = '*'

/**
 * The caller of a review whose connection had gone before its address was known. Anybody can be that one, so it is never
 * believed, whatever is stored.
 */
export const unknownCaller = ''

/** The workload of a pod without one. */
const bare = { kind: 'Pod', name: '' }

/**
 * Whose requests are believed. Nothing authenticates the caller of a webhook, so anybody who reaches the port may ask in the
 * name of any namespace, and would fill its room with pods that never come. But only an API server asks about pods that the
 * API server then shows. A caller, known by its address, is believed
 *
 * - once such a pod was stored, or while no caller has got so far, as after a start;
 * - unless one of its requests was not stored: then not for this namespace, and while none was stored, for none at all.
 *
 * What is not believed still counts, as the request of nobody: with those of all strangers it keeps at most the policy's
 * share of the room from any namespace, its own included (`Isolation`), and uses up no budget. An API server whose requests a
 * quota refuses is doubted for that namespace: a burst there counts in full only as its pods are stored, milliseconds later.
 */
export class Callers {
  readonly #asked = new Map<
    string,
    { readonly caller: string; readonly namespace: string; readonly isBelieved: boolean }
  >()
  readonly #proven = new ExpiryQueue<string>()
  readonly #doubts = new ExpiryQueue<string>()

  /** The request as it counts. Without a caller it comes from the program itself, and is believed. */
  ask(admitted: Admitted, now: Millis): Admitted {
    const { uid, caller, namespace } = admitted
    if (caller === undefined) return admitted
    const isBelieved = this.believes(admitted, now)
    this.#asked.set(uid, { caller, namespace, isBelieved })
    return isBelieved ? admitted : { ...admitted, namespace: nobody, workload: bare, group: undefined }
  }

  believes({ caller, namespace }: Pick<Admitted, 'caller' | 'namespace'>, now: Millis): boolean {
    if (caller === undefined) return true
    if (caller === unknownCaller) return false
    for (const queue of [this.#proven, this.#doubts]) while (queue.takeExpired(now) !== undefined);
    return (
      (this.#proven.has(caller) || this.#proven.size === 0) &&
      !this.#doubts.has(doubtOf(caller, namespace)) &&
      !this.#doubts.has(doubtOf(caller, everywhere))
    )
  }

  /** The API server shows the pod. True when it counted as nobody's until now. */
  show(uid: string, now: Millis): boolean {
    const asked = this.#asked.get(uid)
    if (asked === undefined) return false
    this.#asked.delete(uid)
    if (asked.caller !== unknownCaller) this.#proven.add(asked.caller, now + provenTime)
    this.#doubts.delete(doubtOf(asked.caller, everywhere))
    return !asked.isBelieved
  }

  /** It was not stored in time. */
  miss(uid: string, now: Millis): void {
    const asked = this.#asked.get(uid)
    if (asked === undefined) return
    this.#asked.delete(uid)
    const { caller, namespace } = asked
    if (this.#doubts.size >= mostDoubts) return
    this.#doubts.add(doubtOf(caller, this.#proven.has(caller) ? namespace : everywhere), now + doubtTime)
  }

  forget(uid: string): void {
    this.#asked.delete(uid)
  }
}

function doubtOf(caller: string, namespace: string): string {
  return `${namespace} ${caller}`
}
