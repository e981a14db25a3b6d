import type { Kind } from '../../src/kube/cache/kind.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { CacheEvents } from '../../src/ports/cluster-cache.ts'

/** What one process keeps of one kind, as its watch tells it: only what has changed is passed on. */
export class WatchedCopy<T> {
  readonly #kind: Kind<T>
  readonly #followers: readonly CacheEvents<T>[]
  readonly #kept = new Map<string, T>()

  constructor(kind: Kind<T>, followers: readonly CacheEvents<T>[]) {
    this.#kind = kind
    this.#followers = followers
  }

  get(key: string): T | undefined {
    return this.#kept.get(key)
  }

  /** `object` is as the API server shows it. */
  show(object: object): void {
    const value = this.#kind.project(object as JsonRecord)
    const key = this.#kind.keyOf(value)
    const previous = this.#kept.get(key)
    if (previous !== undefined && this.#kind.same(previous, value)) return
    this.#kept.set(key, value)
    for (const follower of this.#followers) follower.changed?.(value, previous)
  }

  remove(object: object): void {
    const key = this.#kind.keyOf(this.#kind.project(object as JsonRecord))
    const value = this.#kept.get(key)
    if (value === undefined) return
    this.#kept.delete(key)
    for (const follower of this.#followers) follower.removed?.(value)
  }
}
