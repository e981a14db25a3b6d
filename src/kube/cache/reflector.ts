import { withoutManagedFields } from '../../kubernetes/managed-fields.ts'
import type { MinorVersion } from '../../kubernetes/server-version.ts'
import { BackOff } from '../../lib/back-off.ts'
import type { JsonRecord } from '../../lib/json/shape.ts'
import { isRecord } from '../../lib/json/shape.ts'
import { pause } from '../../lib/sleep.ts'
import type { Bytes, Millis } from '../../lib/units.ts'
import type { Cache, CacheEvents, CacheState } from '../../ports/cluster-cache.ts'
import type { Clock, Log } from '../../ports/runtime.ts'
import type { KubeApi } from '../client.ts'
import { KubeError } from '../kube-error.ts'
import { readPages } from '../paged-list.ts'
import { KeptObjects } from './kept-objects.ts'
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
  /** Of the API server; resolves to undefined where it is not known. Absent: never known. */
  readonly serverVersion?: () => Promise<MinorVersion | undefined>
}

const defaultSilence: Millis = 90_000
/** The API server ends a watch after this many seconds, chosen at random in between so that not all end at once. */
const watchSeconds = { least: 240, most: 360 } as const
/** Above etcd's largest object (1.5 MiB) in JSON with managedFields, by a wide margin. */
const longestLine: Bytes = 32 * 1024 * 1024
/** WatchList: on since v1.34, and from v1.27 on refused where it is off (k8s.io/apiserver pkg/features, WatchList). */
const firstThatStreams: MinorVersion = 27
/** A watch that lasted this long was healthy: the next failure starts with short waits again. */
const healthyWatch: Millis = 5_000

/**
 * Keeps a local copy of one kind: a LIST, in pages or as the first events of a watch, then a WATCH that continues where it broke off, then a LIST again when the
 * API server no longer has the changes in between. Only `stop` ends it.
 */
export class Reflector<T> implements Cache<T> {
  readonly #kind: Kind<T>
  readonly #deps: ReflectorDeps
  readonly #kept: KeptObjects<T>
  readonly #abort = new AbortController()
  readonly #backOff: BackOff
  #running: Promise<void> | undefined
  #version: string | undefined
  #synced = false
  #contactAt: Millis | undefined
  #lists = 0
  #failures = 0
  /** Events are the objects of a full list, not yet all of them. */
  #isArriving = false
  /** The API server has refused to stream a list. */
  #isRefused = false

  constructor(kind: Kind<T>, deps: ReflectorDeps, events: readonly CacheEvents<T>[] = []) {
    this.#kind = kind
    this.#deps = deps
    this.#kept = new KeptObjects(kind, deps.log, events)
    this.#backOff = new BackOff(deps.random, deps.firstWait)
  }

  get resource(): string {
    return this.#kind.resource
  }

  get(key: string): T | undefined {
    return this.#kept.values.get(key)
  }

  values(): Iterable<T> {
    return this.#kept.values.values()
  }

  get size(): number {
    return this.#kept.values.size
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
        if (this.#version === undefined && (await this.#mayStream())) await this.#stream()
        else {
          this.#version ??= await this.#list()
          await this.#follow({ resourceVersion: this.#version })
        }
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
    this.#kept.begin()
    const version = await readPages(this.#deps.api, path, firstPage, this.#abort.signal, (items) => {
      this.#contactAt = this.#deps.clock.monotonic()
      for (const item of items) this.#kept.keep(item)
    })
    this.#listed()
    return version
  }

  #listed(): void {
    this.#lists++
    this.#synced = true
    this.#kept.end()
  }

  /**
   * Whether the API server sends a full list as the first events of a watch, from its own memory: a paged list makes it build
   * each page in whole. One that does not know that would send events without ever saying where the list ends, so it is asked
   * only of a kind and a version that are known to answer or to refuse.
   */
  async #mayStream(): Promise<boolean> {
    if (this.#kind.isStreamed !== true || this.#isRefused) return false
    const minor = await this.#deps.serverVersion?.()
    return minor !== undefined && minor >= firstThatStreams
  }

  /** Full list and watch in one. Resolves when the watch ends. */
  async #stream(): Promise<void> {
    this.#kept.begin()
    this.#isArriving = true
    try {
      await this.#follow({ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' })
      if (this.#isArriving) throw new KubeError('unreachable', 'watch ended before the list in it')
    } catch (cause) {
      const error = KubeError.ofTransport(cause)
      if (error.failure !== 'refused') throw error
      // The feature gate WatchList is off.
      this.#isRefused = true
      this.#deps.log.debug({ resource: this.resource, error: error.message }, 'no list by watch, reading pages')
    } finally {
      this.#isArriving = false
    }
  }

  /** Follows a watch to its end. */
  async #follow(from: Readonly<Record<string, string | boolean>>): Promise<void> {
    const { api, clock, random, silence = defaultSilence } = this.#deps
    const { least, most } = watchSeconds
    const body = await api.open(this.#kind.path, {
      query: {
        watch: true,
        ...from,
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
    if (type === 'DELETED') this.#kept.drop(object)
    else if (type !== 'BOOKMARK') this.#kept.keep(object)
    else if (this.#isArriving && endsList(object)) {
      this.#isArriving = false
      this.#listed()
    }
    // A watch from a version in the middle of the list would lack what had not arrived.
    if (!this.#isArriving) this.#version = versionOf(object) ?? this.#version
  }
}

/** The bookmark after the last object of a list (k8s.io/apimachinery meta/v1 InitialEventsAnnotationKey). */
function endsList({ metadata }: JsonRecord): boolean {
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined
  return isRecord(annotations) && annotations['k8s.io/initial-events-end'] === 'true'
}

function versionOf(object: JsonRecord): string | undefined {
  const metadata = object['metadata']
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined
  return typeof version === 'string' && version !== '' ? version : undefined
}
