import { felixConfigurationKind } from '../kube/list-felix-configurations.ts'
import type { ListedKind } from '../ports/objects.ts'

function listed(kind: string, plural: string, ...apiVersions: readonly string[]): ListedKind {
  return { kind, plural, apiVersions }
}

/** What objects are checked with; read before them. */
export const factKinds: readonly ListedKind[] = [
  listed('Namespace', 'namespaces', 'v1'),
  listed('LimitRange', 'limitranges', 'v1'),
  listed('Node', 'nodes', 'v1'),
  felixConfigurationKind
]

/** What pods are made from. */
export const controllerKinds: readonly ListedKind[] = [
  listed('Deployment', 'deployments', 'apps/v1'),
  listed('StatefulSet', 'statefulsets', 'apps/v1'),
  listed('DaemonSet', 'daemonsets', 'apps/v1'),
  listed('CronJob', 'cronjobs', 'batch/v1', 'batch/v1beta1'),
  listed('Job', 'jobs', 'batch/v1'),
  listed('ReplicaSet', 'replicasets', 'apps/v1'),
  listed('ReplicationController', 'replicationcontrollers', 'v1')
]

/** Read after what they are made from: which of them Felix runs in is known by then. */
export const podKind: ListedKind = listed('Pod', 'pods', 'v1')

/** Read where there is a DaemonSet of Felix under OnDelete. */
export const revisionKind: ListedKind = listed('ControllerRevision', 'controllerrevisions', 'apps/v1')
