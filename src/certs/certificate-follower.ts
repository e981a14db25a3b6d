import { pause } from '../lib/sleep.ts'
import type { Millis } from '../lib/units.ts'
import type { Log } from '../ports/runtime.ts'
import type { CertificateState } from './certificate-reader.ts'
import type { CertificatePair } from './serving-pair.ts'

/** Called while the certificate is in use. */
export interface CertificateEvents {
  /** Another pair than the one in use is there. May throw: then the old one stays, and the pair is offered again. */
  changed(pair: CertificatePair): void
  /** The pair could not be read, made or taken over. Called once for failures in a row. */
  broken(error: unknown): void
}

export interface FollowerDeps {
  /** One look at the cluster, as of `CertificateReader` or `CertificateKeeper`. May throw. */
  look(): Promise<CertificateState>
  readonly log: Log
  /** Between two looks, before the API server can call this replica, and after. */
  readonly eager: Millis
  readonly calm: Millis
}

/**
 * Follows the serving certificate in the cluster, from look to look:
 *
 *   waiting ──a pair is there──▶ blocked ──its authority is in every caBundle──▶ open
 *      └────────────both at the same look────────────────────────────────────────▲
 *
 * `open` is final: a wrong caBundle breaks all replicas equally, so calling this one unready would not help.
 */
export class CertificateFollower {
  readonly #deps: FollowerDeps
  readonly #events: CertificateEvents
  readonly #first = Promise.withResolvers<CertificatePair>()
  /** The certificate in use, PEM; undefined while waiting. */
  #used: string | undefined
  #obstacle: string | undefined = 'the cluster has not been asked yet'
  #isOpen = false
  #isFailing = false

  constructor(deps: FollowerDeps, events: CertificateEvents) {
    this.#deps = deps
    this.#events = events
  }

  /** The first pair; waits for as long as there is none. It is not reported by `changed`. */
  get first(): Promise<CertificatePair> {
    return this.#first.promise
  }

  /** Why the API server cannot call this replica yet, in words; undefined once it could. */
  get obstacle(): string | undefined {
    return this.#isOpen ? undefined : this.#obstacle
  }

  /** Looks again and again until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look()
      await pause(this.#isOpen ? this.#deps.calm : this.#deps.eager, signal)
    }
  }

  /** Looks once; never throws. */
  async look(): Promise<void> {
    try {
      this.#observe(await this.#deps.look())
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) this.#events.broken(error)
      this.#isFailing = true
    }
  }

  #observe({ pair, obstacle }: CertificateState): void {
    const before = this.#obstacle
    this.#obstacle = obstacle
    if (pair === undefined) return
    if (this.#used === undefined) this.#first.resolve(pair)
    else if (this.#used !== pair.cert) this.#events.changed(pair)
    this.#used = pair.cert
    if (obstacle === undefined) this.#isOpen = true
    else if (obstacle !== before) this.#deps.log.warn({ obstacle }, 'the API server cannot call this replica')
  }
}
