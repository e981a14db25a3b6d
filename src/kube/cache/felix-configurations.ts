import { isDeepStrictEqual } from 'node:util'
import { type FelixSettings, felixSettingsOf } from '../../kubernetes/calico/felix.ts'
import { pause } from '../../lib/sleep.ts'
import type { Millis } from '../../lib/units.ts'
import { KubeError, type KubeFailure } from '../kube-error.ts'
import { felixConfigurationKind } from '../list-felix-configurations.ts'
import type { Kind } from './kind.ts'
import { Reflector, type ReflectorDeps } from './reflector.ts'

const { apiVersions } = felixConfigurationKind

/** Between two looks at which group is served: Calico may be installed, migrated or removed. Own choice. */
const defaultEvery: Millis = 60_000

export interface FelixConfigurationsDeps extends ReflectorDeps {
  readonly every?: Millis
}

/** A local copy of all FelixConfigurations, of the API group that Calico takes them from. */
export class FelixConfigurations {
  readonly #deps: FelixConfigurationsDeps
  readonly #abort = new AbortController()
  readonly #refused = new Set<KubeFailure>()
  #running: Promise<void> | undefined
  #held: { readonly apiVersion: string; readonly reflector: Reflector<FelixSettings> } | undefined
  #known: readonly FelixSettings[] | undefined
  #hasLooked = false

  constructor(deps: FelixConfigurationsDeps) {
    this.#deps = deps
  }

  /** Empty where no group is served; undefined while they are not known, or may not be read. */
  get known(): readonly FelixSettings[] | undefined {
    return this.#known
  }

  /** It is known whether they can be read, and if so what they say. */
  get isSettled(): boolean {
    return this.#hasLooked && (this.#held === undefined || this.#held.reflector.state.synced)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
    await this.#held?.reflector.stop()
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      const served = await this.#served()
      if (signal.aborted) return
      if (served === 'none') await this.#follow(undefined)
      else if (served !== 'unknown') await this.#follow(served)
      this.#hasLooked = true
      await pause(this.#deps.every ?? defaultEvery, signal)
    }
  }

  /** The first group that answers. One that is served and does not answer, or may not be read, makes `none` unknown. */
  async #served(): Promise<(typeof apiVersions)[number] | 'none' | 'unknown'> {
    let isUnknown = false
    for (const apiVersion of apiVersions) {
      try {
        await this.#deps.api.call(pathOf(apiVersion), { query: { limit: 1 }, signal: this.#abort.signal })
        return apiVersion
      } catch (cause) {
        const { failure, message } = KubeError.ofTransport(cause)
        if (failure === 'not-found') continue
        isUnknown = true
        this.#report(failure, message)
      }
    }
    return isUnknown ? 'unknown' : 'none'
  }

  async #follow(apiVersion: string | undefined): Promise<void> {
    if (apiVersion !== undefined && this.#held?.apiVersion === apiVersion) return
    await this.#held?.reflector.stop()
    this.#held = undefined
    if (apiVersion === undefined) {
      this.#known = []
      return
    }
    const renew = (): void => {
      if (reflector.state.synced) this.#known = [...reflector.values()]
    }
    const reflector = new Reflector(kindOf(apiVersion), this.#deps, [{ synced: renew, changed: renew, removed: renew }])
    this.#held = { apiVersion, reflector }
    reflector.start()
  }

  /** Each kind of failure once. */
  #report(failure: KubeFailure, message: string): void {
    if (this.#abort.signal.aborted || this.#refused.has(failure)) return
    this.#refused.add(failure)
    this.#deps.log.warn({ failure, error: message }, 'FelixConfigurations not read, what they say is unknown')
  }
}

function pathOf(apiVersion: string): string {
  return `/apis/${apiVersion}/felixconfigurations`
}

function kindOf(apiVersion: string): Kind<FelixSettings> {
  return {
    resource: 'felixconfigurations',
    path: pathOf(apiVersion),
    firstPage: 100,
    keyOf: ({ name }) => name,
    project: felixSettingsOf,
    same: isDeepStrictEqual
  }
}
