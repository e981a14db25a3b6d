import type { Subject } from '../kubernetes/subject.ts'
import type { HeadroomView, WorkloadUse } from './headroom-view.ts'

/** Kinds with a scale subresource, by the resource in the request; the Scale itself does not name its kind. */
const scaledKinds: ReadonlyMap<string, string> = new Map([
  ['deployments', 'Deployment'],
  ['statefulsets', 'StatefulSet'],
  ['replicasets', 'ReplicaSet'],
  ['replicationcontrollers', 'ReplicationController']
])

/** The workload of a Scale, as its pods show it: the Scale itself holds a count but no pod. */
export function scaledWorkload(
  { namespace, name, resource }: Subject,
  headroom: Pick<HeadroomView, 'workload'>
): WorkloadUse | undefined {
  const kinds = resource === '' ? scaledKinds.values() : [scaledKinds.get(resource)]
  for (const kind of kinds) {
    const use = kind === undefined ? undefined : headroom.workload(namespace, { kind, name })
    if (use !== undefined) return use
  }
  return undefined
}
