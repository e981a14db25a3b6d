import { podGroupKey, podGroupKinds } from '../../kubernetes/pods/pod-groups.ts'
import { isRecord, recordsOf } from '../../lib/json/shape.ts'
import { repeatUntilAborted } from '../../lib/repeat-until.ts'
import type { Millis } from '../../lib/units.ts'
import type { KubeApi } from '../client.ts'
import { KubeError } from '../kube-error.ts'
import { metadataOf } from './cached-kinds.ts'
import type { Kind } from './kind.ts'
import { Reflector, type ReflectorDeps } from './reflector.ts'

/** What is kept of a PodGroup. */
export interface PodGroupSize {
  /** As `PodGroup.key`. */
  readonly key: string
  /** undefined where it does not say how many pods it needs. */
  readonly size: number | undefined
}

/** Between two looks at which kinds are served: one may be installed or upgraded while we run. Own choice. */
const every: Millis = 5 * 60_000

/** The least between two looks that pods bring about. Own choice. */
const atOnce: Millis = 1_000

/**
 * Follows the PodGroups of every scheduler that has them in this cluster, and hands on how many pods each needs. A kind that
 * may not be read is tried again and again, and logged: the sizes of its groups stay unknown.
 */
export class PodGroupSizes {
  readonly #deps: ReflectorDeps
  readonly #onSize: (key: string, size: number | undefined) => void
  readonly #served = new Map<string, { readonly path: string; readonly reflector: Reflector<PodGroupSize> }>()
  readonly #abort = new AbortController()
  /** By API group: when it was looked at last. */
  readonly #lookedAt = new Map<string, Millis>()
  #running: readonly Promise<void>[] = []

  constructor(deps: ReflectorDeps, onSize: (key: string, size: number | undefined) => void) {
    this.#deps = deps
    this.#onSize = onSize
  }

  /** The caches of those that are served. */
  get all(): { readonly resource: string; readonly cache: Reflector<PodGroupSize> }[] {
    return [...this.#served.values()].map(({ reflector }) => ({ resource: reflector.resource, cache: reflector }))
  }

  start(): void {
    const { signal } = this.#abort
    const { random } = this.#deps
    this.#running = [...podGroupKinds.keys()].map((group) =>
      repeatUntilAborted(signal, () => this.#look(group), every, random)
    )
  }

  /** A pod is of a group that is not known: its kind may have been installed just now. */
  lookSoon(group: string): void {
    if (!podGroupKinds.has(group) || this.#served.has(group)) return
    const since = this.#deps.clock.monotonic() - (this.#lookedAt.get(group) ?? Number.NEGATIVE_INFINITY)
    if (since >= atOnce) void this.#look(group)
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await Promise.all([...this.#running, ...this.all.map(({ cache }) => cache.stop())])
  }

  /** False when it could not be found out whether the kind is served; what was known stays. */
  async #look(group: string): Promise<boolean> {
    this.#lookedAt.set(group, this.#deps.clock.monotonic())
    try {
      const path = await servedPath(this.#deps.api, group, this.#abort.signal)
      const held = this.#served.get(group)
      if (held?.path === path) return true
      this.#served.delete(group)
      await held?.reflector.stop()
      for (const { key } of held?.reflector.values() ?? []) this.#onSize(key, undefined)
      if (path !== undefined && !this.#abort.signal.aborted) this.#follow(group, path)
      return true
    } catch {
      return false
    }
  }

  #follow(group: string, path: string): void {
    const events = {
      changed: ({ key, size }: PodGroupSize) => this.#onSize(key, size),
      removed: ({ key }: PodGroupSize) => this.#onSize(key, undefined)
    }
    const reflector = new Reflector(kindOf(group, path), this.#deps, [events])
    this.#served.set(group, { path, reflector })
    reflector.start()
  }
}

function kindOf(group: string, path: string): Kind<PodGroupSize> {
  const sizeOf = podGroupKinds.get(group)
  return {
    resource: `podgroups.${group}`,
    path,
    firstPage: 500,
    keyOf: ({ key }) => key,
    project(object) {
      const { namespace, name } = metadataOf(object)
      return {
        key: podGroupKey(group, namespace, name),
        size: isRecord(object['spec']) ? sizeOf?.(object['spec']) : undefined
      }
    },
    same: (a, b) => a.size === b.size
  }
}

/** The path of podgroups in the first version that serves them, in the API server's own order; undefined where none does. */
async function servedPath(api: KubeApi, group: string, signal: AbortSignal): Promise<string | undefined> {
  const found = await callOrNone(api, `/apis/${group}`, signal)
  for (const { groupVersion } of recordsOf(found?.['versions'])) {
    if (typeof groupVersion !== 'string') continue
    const version = await callOrNone(api, `/apis/${groupVersion}`, signal)
    if (recordsOf(version?.['resources']).some(({ name }) => name === 'podgroups'))
      return `/apis/${groupVersion}/podgroups`
  }
  return undefined
}

async function callOrNone(
  api: KubeApi,
  path: string,
  signal: AbortSignal
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return await api.call(path, { signal })
  } catch (cause) {
    if (KubeError.ofTransport(cause).failure === 'not-found') return undefined
    throw cause
  }
}
