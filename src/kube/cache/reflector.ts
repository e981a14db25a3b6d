import { withoutManagedFields } from '../../kubernetes/managed-fields.ts'
import { BackOff } from '../../lib/back-off.ts'
import type { JsonRecord } from '../../lib/json/shape.ts'
import { isRecord } from '../../lib/json/shape.ts'
import { pause } from '../../lib/sleep.ts'
import { messageOf } from '../../lib/transport-error.ts'
import type { Bytes, Millis } from '../../lib/units.ts'
import type { Cache, CacheEvents, CacheState } from '../../ports/cluster-cache.ts'
import type { Clock, Log } from '../../ports/runtime.ts'
import type { KubeApi } from '../client.ts'
import { KubeError } from '../kube-error.ts'
import { readPages } from '../paged-list.ts'
import type { Kind } from './kind.ts'
import { LineSplitter } from './line-splitter.ts'

export interface ReflectorDeps {
  readonly api: KubeApi
  readonly clock: Clock
  readonly log: Log
  /** From 0 to below 1. */
  readonly random: () => number
  /** Longest silence of a watch before it is opened again; bookmarks come about once a minute. */
  readonly silence?: Millis
  /** The first wait after a failure. */
  readonly firstWait?: Millis
}

const defaultSilence: Millis = 90_000
/** The API server ends a watch after this many seconds, chosen at random in between so that not all end at once. */
const watchSeconds = { least: 240, most: 360 } as const
/** Above etcd's largest object (1.5 MiB) in JSON with managedFields, by a wide margin. */
const longestLine: Bytes = 32 * 1024 * 1024
/** A watch that lasted this long was healthy: the next failure starts with short waits again. */
const healthyWatch: Millis = 5_000

/**
 * Keeps a local copy of one kind: a paged LIST, then a WATCH that continues where it broke off, then a LIST again when the
 * API server no longer has the changes in between. Only `stop` ends it.
 */
export class Reflector<T> implements Cache<T> {
  readonly #kind: Kind<T>
  readonly #deps: ReflectorDeps
  readonly #events: readonly CacheEvents<T>[]
  readonly #values = new Map<string, T>()
  readonly #abort = new AbortController()
  readonly #backOff: BackOff
  #running: Promise<void> | undefined
  #version: string | undefined
  #synced = false
  #contactAt: Millis | undefined
  #lists = 0
  #failures = 0

  constructor(kind: Kind<T>, deps: ReflectorDeps, events: readonly CacheEvents<T>[] = []) {
    this.#kind = kind
    this.#deps = deps
    this.#events = events
    this.#backOff = new BackOff(deps.random, deps.firstWait)
  }

  get resource(): string {
    return this.#kind.resource
  }

  get(key: string): T | undefined {
    return this.#values.get(key)
  }

  values(): Iterable<T> {
    return this.#values.values()
  }

  get size(): number {
    return this.#values.size
  }

  get state(): CacheState {
    return {
      synced: this.#synced,
      contactAt: this.#contactAt,
      lists: this.#lists,
      failures: this.#failures
    }
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Resolves when nothing runs any more; also while a connection is being made. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) this.#version = await this.#list()
        await this.#watch(this.#version)
      } catch (cause) {
        if (signal.aborted) return
        await this.#recover(KubeError.ofTransport(cause))
      }
    }
  }

  async #recover(error: KubeError): Promise<void> {
    const { resource } = this.#kind
    // A watch without events is opened again where it was. Silence is a failure only when the answer itself does not come.
    if (error.failure === 'silent' && this.#version !== undefined) {
      this.#deps.log.debug({ resource }, 'watch was silent, opening it again')
      return
    }
    this.#failures++
    if (error.failure === 'expired' || error.failure === 'malformed') this.#version = undefined
    const waitMs = Math.round(this.#backOff.next(error.retryAfter))
    this.#deps.log.warn(
      { resource, failure: error.failure, status: error.status, waitMs, error: error.message },
      'reading the API server failed, trying again'
    )
    await pause(waitMs, this.#abort.signal)
  }

  async #list(): Promise<string> {
    const { path, firstPage } = this.#kind
    // Only a later list can lack objects that we hold: they were deleted meanwhile.
    const seen = this.#values.size === 0 ? undefined : new Set<string>()
    const version = await readPages(this.#deps.api, path, firstPage, this.#abort.signal, (items) => {
      this.#contactAt = this.#deps.clock.monotonic()
      for (const item of items) {
        const value = this.#project(item)
        if (value === undefined) continue
        seen?.add(this.#kind.keyOf(value))
        this.#keep(value)
      }
    })
    if (seen !== undefined) for (const key of this.#values.keys()) if (!seen.has(key)) this.#drop(key)
    this.#lists++
    this.#synced = true
    this.#notify((events) => events.synced?.())
    return version
  }

  async #watch(version: string): Promise<void> {
    const { api, clock, random, silence = defaultSilence } = this.#deps
    const { least, most } = watchSeconds
    const body = await api.open(this.#kind.path, {
      query: {
        watch: true,
        resourceVersion: version,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(least + random() * (most - least))
      },
      signal: this.#abort.signal,
      silence
    })
    const openedAt = clock.monotonic()
    this.#contactAt = openedAt
    let lines = 0
    const splitter = new LineSplitter(longestLine, (line) => {
      lines++
      this.#observe(line)
    })
    try {
      for await (const chunk of body) {
        this.#contactAt = clock.monotonic()
        splitter.push(chunk)
        if (clock.monotonic() - openedAt > healthyWatch) this.#backOff.reset()
      }
    } finally {
      body.destroy()
    }
    // A proxy that answers and closes the connection at once must not be asked in a tight loop.
    if (lines === 0 && clock.monotonic() - openedAt < 1_000) throw new KubeError('unreachable', 'watch ended at once')
  }

  #observe(line: Buffer): void {
    let event: unknown
    try {
      event = JSON.parse(withoutManagedFields(line).toString('utf8'))
    } catch (cause) {
      throw new KubeError('malformed', 'watch: a line is not JSON', { cause })
    }
    if (!isRecord(event) || !isRecord(event['object'])) throw new KubeError('malformed', 'watch: a line is no event')
    const { type, object } = event as { type: unknown; object: JsonRecord }
    if (type === 'ERROR') throw KubeError.ofStatus(object, typeof object['code'] === 'number' ? object['code'] : 500)
    if (type !== 'BOOKMARK') this.#apply(type, object)
    const version = versionOf(object)
    if (version !== undefined) this.#version = version
  }

  #apply(type: unknown, object: JsonRecord): void {
    const value = this.#project(object)
    if (value === undefined) return
    if (type === 'DELETED') this.#drop(this.#kind.keyOf(value))
    else this.#keep(value)
  }

  #project(object: unknown): T | undefined {
    try {
      return this.#kind.project(object as JsonRecord)
    } catch (error) {
      // One malformed object must not hide all others.
      this.#deps.log.warn(
        { resource: this.#kind.resource, error: messageOf(error) },
        'an object does not have the shape of its kind, left out'
      )
      return undefined
    }
  }

  #keep(value: T): void {
    const key = this.#kind.keyOf(value)
    const previous = this.#values.get(key)
    if (previous !== undefined && this.#kind.same(previous, value)) return
    this.#values.set(key, value)
    this.#notify((events) => events.changed?.(value, previous))
  }

  #drop(key: string): void {
    const value = this.#values.get(key)
    if (value === undefined) return
    this.#values.delete(key)
    this.#notify((events) => events.removed?.(value))
  }

  #notify(call: (events: CacheEvents<T>) => void): void {
    for (const events of this.#events) {
      try {
        call(events)
      } catch (error) {
        this.#deps.log.error(
          { resource: this.#kind.resource, error: messageOf(error) },
          'a handler of cache events threw; the cache goes on'
        )
      }
    }
  }
}

function versionOf(object: JsonRecord): string | undefined {
  const metadata = object['metadata']
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined
  return typeof version === 'string' && version !== '' ? version : undefined
}
