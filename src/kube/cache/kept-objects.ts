import type { JsonRecord } from '../../lib/json/shape.ts'
import { messageOf } from '../../lib/transport-error.ts'
import type { CacheEvents } from '../../ports/cluster-cache.ts'
import type { Log } from '../../ports/runtime.ts'
import type { Kind } from './kind.ts'

/** What is kept of the objects of one kind, by key; tells its handlers what changes. */
export class KeptObjects<T> {
  readonly values = new Map<string, T>()
  readonly #kind: Kind<T>
  readonly #log: Log
  readonly #events: readonly CacheEvents<T>[]
  /** The keys of a full list that is being read; undefined while none is. */
  #listed: Set<string> | undefined

  constructor(kind: Kind<T>, log: Log, events: readonly CacheEvents<T>[]) {
    this.#kind = kind
    this.#log = log
    this.#events = events
  }

  /** A full list begins; one that was begun before and did not end is forgotten. */
  begin(): void {
    this.#listed = new Set()
  }

  /** The full list has ended: what was not in it is gone. */
  end(): void {
    const listed = this.#listed
    this.#listed = undefined
    if (listed !== undefined && listed.size < this.values.size) {
      for (const key of this.values.keys()) if (!listed.has(key)) this.#dropKey(key)
    }
    this.#notify((events) => events.synced?.())
  }

  keep(object: unknown): void {
    const value = this.#project(object)
    if (value === undefined) return
    const key = this.#kind.keyOf(value)
    this.#listed?.add(key)
    const previous = this.values.get(key)
    if (previous !== undefined && this.#kind.same(previous, value)) return
    this.values.set(key, value)
    this.#notify((events) => events.changed?.(value, previous))
  }

  drop(object: unknown): void {
    const value = this.#project(object)
    if (value === undefined) return
    const key = this.#kind.keyOf(value)
    this.#listed?.delete(key)
    this.#dropKey(key)
  }

  #dropKey(key: string): void {
    const value = this.values.get(key)
    if (value === undefined) return
    this.values.delete(key)
    this.#notify((events) => events.removed?.(value))
  }

  #project(object: unknown): T | undefined {
    try {
      return this.#kind.project(object as JsonRecord)
    } catch (error) {
      // One malformed object must not hide all others.
      this.#log.warn(
        { resource: this.#kind.resource, error: messageOf(error) },
        'an object does not have the shape of its kind, left out'
      )
      return undefined
    }
  }

  #notify(call: (events: CacheEvents<T>) => void): void {
    for (const events of this.#events) {
      try {
        call(events)
      } catch (error) {
        this.#log.error(
          { resource: this.#kind.resource, error: messageOf(error) },
          'a handler of cache events threw; the cache goes on'
        )
      }
    }
  }
}
