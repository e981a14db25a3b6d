import { type MinorVersion, minorVersionOf } from '../kubernetes/server-version.ts'
import { repeatUntilAborted } from '../lib/repeat-until.ts'
import type { Millis } from '../lib/units.ts'
import type { KubeApi } from './client.ts'

/** Between two readings: a cluster may be upgraded while we run. Own choice. */
const every: Millis = 60 * 60 * 1000

/** The version of the API server. Any authenticated client may read it (ClusterRole system:public-info-viewer). */
export class ServerVersionReader {
  readonly #api: KubeApi
  readonly #stop = new AbortController()
  #minor: MinorVersion | undefined

  constructor(api: KubeApi) {
    this.#api = api
  }

  /** undefined until it was read. */
  get minor(): MinorVersion | undefined {
    return this.#minor
  }

  start(random: () => number): void {
    const { signal } = this.#stop
    void repeatUntilAborted(signal, () => this.#read(signal), every, random)
  }

  stop(): void {
    this.#stop.abort()
  }

  /** False when it could not be read: it is tried again soon, and what was known stays. */
  async #read(signal: AbortSignal): Promise<boolean> {
    const minor = await readServerVersion(this.#api, signal)
    this.#minor = minor ?? this.#minor
    return minor !== undefined
  }
}

/** A list must not wait long for it. Own choice. */
const patience: Millis = 5_000

/** The version of the API server, asked for until it is known and then remembered: it never goes back to an older one. */
export function serverVersionOnce(api: KubeApi): () => Promise<MinorVersion | undefined> {
  let asked: Promise<MinorVersion | undefined> | undefined
  return async () => {
    asked ??= readServerVersion(api, AbortSignal.timeout(patience))
    const minor = await asked
    if (minor === undefined) asked = undefined
    return minor
  }
}

/** undefined when it could not be read. Never throws. */
export async function readServerVersion(api: KubeApi, signal: AbortSignal): Promise<MinorVersion | undefined> {
  try {
    return minorVersionOf(await api.call('/version', { signal }))
  } catch {
    return undefined
  }
}
