import type { Readable } from 'node:stream'
import { pause } from '../lib/sleep.ts'
import type { Millis } from '../lib/units.ts'
import type { Clock } from '../ports/runtime.ts'
import type { CallOptions, KubeApi } from './client.ts'

/**
 * Calls the API server at most `qps` times a second, as --kube-api-qps of Kubernetes' own programs does: evenly and without
 * bursts, because its users are not in a hurry.
 */
export class PacedApi implements KubeApi {
  readonly #api: KubeApi
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #gap: Millis
  readonly #pause: typeof pause
  #next: Millis = Number.NEGATIVE_INFINITY

  /** `qps` is above 0. */
  constructor(api: KubeApi, qps: number, clock: Pick<Clock, 'monotonic'>, wait: typeof pause = pause) {
    this.#api = api
    this.#clock = clock
    this.#gap = 1_000 / qps
    this.#pause = wait
  }

  async open(path: string, options?: CallOptions): Promise<Readable> {
    await this.#turn(options?.signal)
    return this.#api.open(path, options)
  }

  async call<T>(path: string, options?: CallOptions): Promise<T> {
    await this.#turn(options?.signal)
    return this.#api.call<T>(path, options)
  }

  /** Waits for its turn, in the order of the calls. An aborted signal is left to the call itself. */
  async #turn(signal: AbortSignal = never): Promise<void> {
    const now = this.#clock.monotonic()
    const at = Math.max(now, this.#next)
    this.#next = at + this.#gap
    if (at > now) await this.#pause(at - now, signal)
  }
}

const never = new AbortController().signal
