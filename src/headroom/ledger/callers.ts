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
 * API server then shows; or somebody who has just created one, in a namespace of his own. A caller, known by its address, is
 * believed
 *
 * - for a namespace in which such a pod was stored; while no caller has got so far, as after a start, for all;
 * - for every other namespace in which no pod of any caller was stored lately: a first burst there counts in full;
 * - unless one of its requests was not stored: then not for this namespace, and while none was stored, for none at all.
 *
 * What is not believed still counts, as the request of nobody: with those of all strangers it keeps at most the policy's
 * share of the room from any namespace, its own included (`Isolation`), and uses up no budget. An API server whose requests a
 * quota refuses is doubted for that namespace: a burst there counts in full only as its pods are stored, milliseconds later. So
 * does the first one of another API server in a namespace.
 */
export class Callers {
  readonly #asked = new Map<string, Asked>()
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
    return this.#proven.countOf(caller) > 0 && this.#proven.countIn(namespace) === 0
  }

  /**
   * Whether a binding counts as the scheduler's. Pods of the namespace were stored that this caller had asked about: no stranger
   * knows their uids before. So it does not matter that another one was not stored, because of a quota or a slow watch.
   */
  believesBinding(asked: Pick<Admitted, 'caller' | 'namespace'>, now: Millis): boolean {
    if (this.believes(asked, now)) return true
    const { caller, namespace } = asked
    return caller !== undefined && this.#proven.has(caller, namespace)
  }

  /** The API server shows the pod. True when it counted as nobody's until now. */
  show(uid: string, now: Millis): boolean {
    const asked = this.#take(uid)
    if (asked === undefined) return false
    if (asked.caller !== unknownCaller) this.#proven.add(asked.caller, asked.namespace, now + provenTime)
    this.#doubts.delete(asked.caller, everywhere)
    return !asked.isBelieved
  }

  /** It was not stored in time. */
  miss(uid: string, now: Millis): void {
    const asked = this.#take(uid)
    if (asked === undefined || this.#doubts.size >= mostDoubts) return
    const { caller, namespace } = asked
    this.#doubts.add(caller, this.#proven.countOf(caller) > 0 ? namespace : everywhere, now + doubtTime)
  }

  forget(uid: string): void {
    this.#take(uid)
  }

  #take(uid: string): Asked | undefined {
    const asked = this.#asked.get(uid)
    this.#asked.delete(uid)
    return asked
  }
}

interface Asked {
  readonly caller: string
  readonly namespace: string
  readonly isBelieved: boolean
}

/** Namespaces of callers, each for a time of its own. */
class CallerPlaces {
  readonly #places = new ExpiryQueue<string>()
  /** How many there are of each caller, and of each namespace. */
  readonly #callers = new Map<string, number>()
  readonly #namespaces = new Map<string, number>()

  get size(): number {
    return this.#places.size
  }

  has(caller: string, namespace: string): boolean {
    return this.#places.has(keyOf(caller, namespace))
  }

  countOf(caller: string): number {
    return this.#callers.get(caller) ?? 0
  }

  countIn(namespace: string): number {
    return this.#namespaces.get(namespace) ?? 0
  }

  add(caller: string, namespace: string, until: Millis): void {
    if (!this.has(caller, namespace)) this.#count(caller, namespace, 1)
    this.#places.add(keyOf(caller, namespace), until)
  }

  delete(caller: string, namespace: string): void {
    if (!this.has(caller, namespace)) return
    this.#places.delete(keyOf(caller, namespace))
    this.#count(caller, namespace, -1)
  }

  expire(now: Millis): void {
    for (let key = this.#places.takeExpired(now); key !== undefined; key = this.#places.takeExpired(now)) {
      const end = key.lastIndexOf(' ')
      this.#count(key.slice(end + 1), key.slice(0, end), -1)
    }
  }

  #count(caller: string, namespace: string, by: 1 | -1): void {
    for (const [counts, key] of [
      [this.#callers, caller],
      [this.#namespaces, namespace]
    ] as const) {
      const count = (counts.get(key) ?? 0) + by
      if (count > 0) counts.set(key, count)
      else counts.delete(key)
    }
  }
}

/** An address has no space, whatever a namespace is said to be. */
function keyOf(caller: string, namespace: string): string {
  return `${namespace} ${caller}`
}
