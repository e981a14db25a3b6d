import type { FelixRevisions } from '../kubernetes/calico/felix.ts'
import type { FelixPod } from '../kubernetes/calico/node-rows.ts'
import type { Subject } from '../kubernetes/subject.ts'
import type { ObjectMeta } from '../kubernetes/types.ts'
import { controllerOf } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord } from '../lib/json/shape.ts'

interface Rollout {
  /** The name of the container that runs Felix. */
  readonly container: string
  newest: { readonly hash: string; readonly revision: number } | undefined
  readonly pods: FelixRevisions['pods'][number][]
}

/** Label of pods and ControllerRevisions of a DaemonSet: the revision of its template. */
const revisionHash = 'controller-revision-hash'

/** Which revision the pods of Felix DaemonSets run, and which is the newest. */
export class FelixRollouts {
  /** By namespace and name. */
  readonly #rollouts = new Map<string, Rollout>()
  readonly #pods: FelixPod[] = []

  /** All pods of followed DaemonSets that are on a node. */
  get pods(): readonly FelixPod[] {
    return this.#pods
  }

  /** The newest revision of each followed DaemonSet of which one was read, by `namespace/name`. */
  get newest(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#rollouts].flatMap(([key, { newest }]) => (newest === undefined ? [] : [[key, newest.hash]]))
    )
  }

  get isEmpty(): boolean {
    return this.#rollouts.size === 0
  }

  /** From now on pods and revisions of this DaemonSet are kept. `container` runs Felix. */
  follow({ namespace, name }: Pick<Subject, 'namespace' | 'name'>, container: string): void {
    this.#rollouts.set(`${namespace}/${name}`, { container, newest: undefined, pods: [] })
  }

  follows(namespace: string, name: string): boolean {
    return this.#rollouts.has(`${namespace}/${name}`)
  }

  addRevision(object: JsonRecord): void {
    const metadata = (isRecord(object['metadata']) ? object['metadata'] : {}) as ObjectMeta
    const held = this.#of(metadata)
    const hash = metadata.labels?.[revisionHash]
    const { revision } = object
    if (held === undefined || hash === undefined || typeof revision !== 'number') return
    if (held.newest === undefined || revision > held.newest.revision) held.newest = { hash, revision }
  }

  addPod(metadata: ObjectMeta, node: string | undefined): void {
    const held = this.#of(metadata)
    if (node === undefined || held === undefined) return
    const revision = metadata.labels?.[revisionHash]
    if (revision !== undefined) held.pods.push({ node, revision })
    const { namespace, name, uid } = metadata
    const daemonSet = controllerOf(metadata)?.name ?? ''
    this.#pods.push({
      uid: uid ?? '',
      namespace: namespace ?? '',
      name: name ?? '',
      daemonSet,
      node,
      container: held.container,
      revision
    })
  }

  /** undefined: the DaemonSet is not followed, or no revision of it was read. */
  revisionsOf(namespace: string, name: string): FelixRevisions | undefined {
    const held = this.#rollouts.get(`${namespace}/${name}`)
    return held?.newest === undefined ? undefined : { newest: held.newest.hash, pods: held.pods }
  }

  #of(metadata: ObjectMeta): Rollout | undefined {
    const owner = controllerOf(metadata)
    return owner?.kind === 'DaemonSet' ? this.#rollouts.get(`${metadata.namespace ?? ''}/${owner.name}`) : undefined
  }
}
