import type { Millis } from '../lib/units.ts'

/** What a cache reports as it follows the API server. Handlers may throw: it is logged and the cache goes on. */
export interface CacheEvents<T> {
  /** New, or changed in what is kept. `previous` is undefined for a new one. */
  changed?(value: T, previous: T | undefined): void
  removed?(value: T): void
  /** Every object of a full list has been reported. Called again after each full list. */
  synced?(): void
}

/** A local copy of one kind of object, by key. */
export interface Cache<T> {
  get(key: string): T | undefined
  values(): Iterable<T>
  readonly size: number
  readonly state: CacheState
}

export interface CacheState {
  /** A full list has been read at least once. Until then absence means nothing. */
  readonly synced: boolean
  /** Monotonic instant of the last answer or byte of it from the API server; undefined before the first. */
  readonly contactAt: Millis | undefined
  /** Full lists read, and calls that failed, since the start. */
  readonly lists: number
  readonly failures: number
}
