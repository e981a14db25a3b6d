import type { JsonRecord } from '../../lib/json/shape.ts'

/** One kind of object, and how it is kept. */
export interface Kind<T> {
  /** As in paths: `pods`. Names the cache in logs. */
  readonly resource: string
  /** The collection, over all namespaces: `/api/v1/pods`. */
  readonly path: string
  /** Objects of the first page; later pages follow their size. At most 500. */
  readonly firstPage: number
  /** Served by kube-apiserver itself, and large: a full list may come as the first events of a watch. */
  readonly isStreamed?: boolean
  keyOf(value: T): string
  /** The part of an object that is kept. Throws when the object does not have the shape of its kind. */
  project(object: JsonRecord): T
  /** Whether two kept parts are equal. Most updates of Nodes and Pods only change a heartbeat. */
  same(a: T, b: T): boolean
}
