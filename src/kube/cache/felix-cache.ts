import { isDeepStrictEqual } from 'node:util'
import type { FelixSettings } from '../../kubernetes/calico/felix.ts'
import { type FelixDaemonSet, felixDaemonSetOf } from '../../kubernetes/calico/felix-backend.ts'
import { subjectOfObject } from '../../kubernetes/subject.ts'
import { metadataOf } from './cached-kinds.ts'
import { FelixConfigurations } from './felix-configurations.ts'
import type { Kind } from './kind.ts'
import { Reflector, type ReflectorDeps } from './reflector.ts'

/** What is known of Calico in the cluster; what is not known is left out. */
export interface FelixKnowledge {
  readonly felixConfigurations?: readonly FelixSettings[]
  readonly felixDaemonSets?: readonly FelixDaemonSet[]
}

/** Of a DaemonSet that runs no Felix only the name is kept. */
interface Seen {
  readonly key: string
  readonly felix: FelixDaemonSet | undefined
}

const daemonSetKind: Kind<Seen> = {
  resource: 'daemonsets',
  path: '/apis/apps/v1/daemonsets',
  firstPage: 100,
  keyOf: ({ key }) => key,
  project(item) {
    const { namespace, name } = metadataOf(item)
    const felix = felixDaemonSetOf(subjectOfObject({ ...item, apiVersion: 'apps/v1', kind: 'DaemonSet' }))
    return { key: `${namespace}/${name}`, felix }
  },
  same: isDeepStrictEqual
}

/** What reviews need to know of Calico, kept up to date: FelixConfigurations, and how each Felix DaemonSet is set. */
export class FelixCache {
  readonly #configurations: FelixConfigurations
  readonly #daemonSets: Reflector<Seen>
  #felixes: readonly FelixDaemonSet[] | undefined

  constructor(deps: ReflectorDeps) {
    const renew = (): void => this.#renew()
    this.#configurations = new FelixConfigurations(deps)
    this.#daemonSets = new Reflector(daemonSetKind, deps, [{ synced: renew, changed: renew, removed: renew }])
  }

  get known(): FelixKnowledge {
    const felixConfigurations = this.#configurations.known
    const felixDaemonSets = this.#felixes
    return {
      ...(felixConfigurations === undefined ? undefined : { felixConfigurations }),
      ...(felixDaemonSets === undefined ? undefined : { felixDaemonSets })
    }
  }

  start(): void {
    this.#configurations.start()
    this.#daemonSets.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#configurations.stop(), this.#daemonSets.stop()])
  }

  #renew(): void {
    if (!this.#daemonSets.state.synced) return
    this.#felixes = [...this.#daemonSets.values()].flatMap(({ felix }) => felix ?? [])
  }
}
