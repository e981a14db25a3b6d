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

/**
 * A caller whose pods were stored in so many namespaces is believed in all: an API server soon is. One who may create pods in a
 * namespace or two, and reaches the port, can have no more than these counted. Own choice.
 */
export const knownFrom = 3

/** A caller that is doubted for so many namespaces at once is believed only where its pods were stored. Own choice. */
export const doubtedFrom = 3

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
 * API server then shows; or somebody who has just created one, in a namespace of his own. A caller, known by its address, is
 * believed
 *
 * - for a namespace in which such a pod was stored, and for all once there are `knownFrom` of these; while no caller has got so
 *   far, as after a start, for all;
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
  /** Callers with namespaces in which pods were stored. */
  readonly #proven = new CallerPlaces()
  readonly #doubts = new CallerPlaces()

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
    for (const places of [this.#proven, this.#doubts]) places.expire(now)
    if (this.#doubts.has(caller, namespace) || this.#doubts.has(caller, everywhere)) return false
    if (this.#proven.size === 0 || this.#proven.has(caller, namespace)) return true
    return this.#proven.countOf(caller) >= knownFrom && this.#doubts.countOf(caller) < doubtedFrom
  }

  /** The API server shows the pod. True when it counted as nobody's until now. */
  show(uid: string, now: Millis): boolean {
    const asked = this.#asked.get(uid)
    if (asked === undefined) return false
    this.#asked.delete(uid)
    if (asked.caller !== unknownCaller) this.#proven.add(asked.caller, asked.namespace, now + provenTime)
    this.#doubts.delete(asked.caller, everywhere)
    return !asked.isBelieved
  }

  /** It was not stored in time. */
  miss(uid: string, now: Millis): void {
    const asked = this.#asked.get(uid)
    if (asked === undefined) return
    this.#asked.delete(uid)
    const { caller, namespace } = asked
    if (this.#doubts.size >= mostDoubts) return
    this.#doubts.add(caller, this.#proven.countOf(caller) > 0 ? namespace : everywhere, now + doubtTime)
  }

  forget(uid: string): void {
    this.#asked.delete(uid)
  }
}

/** Namespaces of callers, each for a time of its own. */
class CallerPlaces {
  readonly #places = new ExpiryQueue<string>()
  /** How many there are of each caller. */
  readonly #counts = new Map<string, number>()

  get size(): number {
    return this.#places.size
  }

  has(caller: string, namespace: string): boolean {
    return this.#places.has(keyOf(caller, namespace))
  }

  countOf(caller: string): number {
    return this.#counts.get(caller) ?? 0
  }

  add(caller: string, namespace: string, until: Millis): void {
    if (!this.has(caller, namespace)) this.#counts.set(caller, this.countOf(caller) + 1)
    this.#places.add(keyOf(caller, namespace), until)
  }

  delete(caller: string, namespace: string): void {
    if (!this.has(caller, namespace)) return
    this.#places.delete(keyOf(caller, namespace))
    this.#oneLess(caller)
  }

  expire(now: Millis): void {
    for (let key = this.#places.takeExpired(now); key !== undefined; key = this.#places.takeExpired(now))
      this.#oneLess(key.slice(key.lastIndexOf(' ') + 1))
  }

  #oneLess(caller: string): void {
    const left = this.countOf(caller) - 1
    if (left > 0) this.#counts.set(caller, left)
    else this.#counts.delete(caller)
  }
}

/** An address has no space, whatever a namespace is said to be. */
function keyOf(caller: string, namespace: string): string {
  return `${namespace} ${caller}`
}
