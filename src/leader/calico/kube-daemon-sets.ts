import { FelixConfigurations } from '../../kube/cache/felix-configurations.ts'
import type { Kind } from '../../kube/cache/kind.ts'
import { Reflector, type ReflectorDeps } from '../../kube/cache/reflector.ts'
import type { KubeApi } from '../../kube/client.ts'
import { someFelixOf } from '../../kubernetes/calico/felix.ts'
import { oldPodsOf } from '../../kubernetes/calico/old-pods.ts'
import { subjectOfObject } from '../../kubernetes/subject.ts'
import type { PatchOperation } from '../../lib/json/patch.ts'
import { isRecord, type JsonRecord, textOf } from '../../lib/json/shape.ts'
import type { NodeEvent } from '../../ports/node-actions.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { CalicoKeeperDeps, KeptDaemonSet } from './calico-keeper.ts'

/** Of a DaemonSet that runs no Felix only its name is kept. */
interface Seen extends Omit<KeptDaemonSet, 'object'> {
  readonly object: JsonRecord | undefined
}

const daemonSetKind: Kind<Seen> = {
  resource: 'daemonsets',
  path: '/apis/apps/v1/daemonsets',
  firstPage: 100,
  keyOf: ({ namespace, name }) => `${namespace}/${name}`,
  project(item) {
    const { metadata: held, spec } = item
    const metadata = isRecord(held) ? held : {}
    const { managedFields, ...rest } = metadata
    const object = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: rest, spec }
    return {
      namespace: textOf(metadata['namespace']),
      name: textOf(metadata['name']),
      uid: textOf(metadata['uid']),
      resourceVersion: textOf(metadata['resourceVersion']),
      oldPods: oldPodsOf(item),
      object: someFelixOf(subjectOfObject(object)) === undefined ? undefined : object
    }
  },
  same: (a, b) => a.uid === b.uid && a.resourceVersion === b.resourceVersion
}

/** Watches DaemonSets and FelixConfigurations until the signal. */
export function watchFelix(deps: ReflectorDeps): CalicoKeeperDeps['watch'] {
  return (signal) => {
    const reflector = new Reflector(daemonSetKind, deps)
    const configurations = new FelixConfigurations(deps)
    for (const watched of [reflector, configurations]) {
      watched.start()
      signal.addEventListener('abort', () => void watched.stop(), { once: true })
    }
    return {
      get isSynced() {
        return reflector.state.synced && configurations.isSettled
      },
      get felixConfigurations() {
        return configurations.known
      },
      *values() {
        for (const { object, ...rest } of reflector.values()) if (object !== undefined) yield { ...rest, object }
      }
    }
  }
}

/** Writes onto the version that was checked: when another writer came first, the write is a conflict. */
export function writeDaemonSet(api: KubeApi): CalicoKeeperDeps['write'] {
  return async ({ namespace, name, resourceVersion }, operations, signal) => {
    const test = { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion } satisfies PatchOperation
    await api.call(`/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`, {
      method: 'PATCH',
      contentType: 'application/json-patch+json',
      body: [test, ...operations],
      signal
    })
  }
}

/** Characters; longer ones are refused (kubernetes pkg/apis/core/validation/events.go, NoteLengthLimit). */
const longestMessage = 1_024
/** Characters of a name within the name of an Event, which has 253 at most. */
const longestPrefix = 200

/** Writes core/v1 Events about the DaemonSet, in its namespace. */
export function daemonSetEvents(api: KubeApi, clock: Pick<Clock, 'now'>): CalicoKeeperDeps['postEvent'] {
  return async ({ namespace, name, uid, resourceVersion }, event: NodeEvent, signal) => {
    const at = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
    await api.call(`/api/v1/namespaces/${namespace}/events`, {
      method: 'POST',
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: `${name.slice(0, longestPrefix)}.`, namespace },
        involvedObject: { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace, name, uid, resourceVersion },
        type: event.type,
        reason: event.reason,
        message: event.message.slice(0, longestMessage),
        source: { component: 'pidguard' },
        firstTimestamp: at,
        lastTimestamp: at,
        count: 1
      },
      signal
    })
  }
}
