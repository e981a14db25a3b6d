import type { ObjectMeta } from '../../kubernetes/types.ts'
import { controllerOf } from '../../kubernetes/workloads.ts'
import { isRecord, type JsonRecord, textOf } from '../../lib/json/shape.ts'
import type { ListedKind, ListFailure, ObjectSource } from '../../ports/objects.ts'
import { objectKey } from '../../report/object-name.ts'

/** Passes on the objects of another source, and keeps the uids of those that a report may be about. */
export class NotedUids implements ObjectSource {
  readonly #objects: ObjectSource
  readonly #uids = new Map<string, string>()

  constructor(objects: ObjectSource) {
    this.#objects = objects
  }

  each(kinds: readonly ListedKind[], take: (object: Record<string, unknown>) => void): Promise<readonly ListFailure[]> {
    return this.#objects.each(kinds, (object) => {
      this.#note(object)
      take(object)
    })
  }

  served(group: string, kind: string): Promise<ListedKind | ListFailure | undefined> {
    return this.#objects.served(group, kind)
  }

  /** `key` as objectKey makes it. undefined: not read, or a pod or ReplicaSet with a controller. */
  uidOf(key: string): string | undefined {
    return this.#uids.get(key)
  }

  #note(object: JsonRecord): void {
    const { apiVersion, kind, metadata } = object
    if (!isRecord(metadata)) return
    // Most objects of a cluster are these, and their findings are reported for their controllers.
    if ((kind === 'Pod' || kind === 'ReplicaSet') && controllerOf(metadata as ObjectMeta) !== undefined) return
    const uid = textOf(metadata['uid'])
    const [namespace, name] = [textOf(metadata['namespace']), textOf(metadata['name'])]
    if (uid !== '')
      this.#uids.set(objectKey({ apiVersion: textOf(apiVersion), kind: textOf(kind), namespace, name }), uid)
  }
}
