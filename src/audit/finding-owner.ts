import type { Subject } from '../kubernetes/subject.ts'
import type { ObjectMeta, OwnerReference } from '../kubernetes/types.ts'
import { controllerOf, type GroupKind, groupKindOf, pod, workloadOf } from '../kubernetes/workloads.ts'
import type { ObjectName } from '../report/validate-report.ts'

/** apiVersion of workloads that are not the pod's controller themselves, but the controller's (such as Deployment). */
const builtIn: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  ReplicaSet: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  ReplicationController: 'v1',
  Pod: 'v1'
}

/** The object a finding is reported for: of a pod with a controller, the workload people know it by. */
export function ownerOf(subject: Subject, apiVersion: string): ObjectName {
  const { metadata, namespace, kind, name, groupKind } = subject
  if (groupKind !== pod || controllerOf(metadata) === undefined) return { apiVersion, kind, namespace, name }
  const owner = workloadOf(metadata)
  const own = controllerOf(metadata)?.kind === owner.kind ? referenceOf(metadata)?.apiVersion : undefined
  return { apiVersion: own || builtIn[owner.kind] || '', kind: owner.kind, namespace, name: owner.name }
}

/**
 * The same where kinds that are not of Kubernetes itself make pods by workloads of Kubernetes, as a Rollout by ReplicaSets and a
 * JobSet by Jobs: people know those pods by the Rollout. Workloads are given before their pods.
 */
export class FindingOwners {
  readonly #kinds: Pick<ReadonlyMap<GroupKind, unknown>, 'has'>
  /** By the uid of an object that one of such a kind has made. */
  readonly #makers = new Map<string, { readonly uid: string | undefined; readonly maker: ObjectName }>()

  constructor(kinds: Pick<ReadonlyMap<GroupKind, unknown>, 'has'>) {
    this.#kinds = kinds
  }

  note({ metadata, namespace }: Pick<Subject, 'metadata' | 'namespace'>): void {
    const controller = controllerOf(metadata)
    if (controller === undefined || !this.#kinds.has(groupKindOf(controller.group, controller.kind))) return
    const { kind, name } = controller
    const reference = referenceOf(metadata)
    const maker = { apiVersion: reference?.apiVersion ?? '', kind, namespace, name }
    if (metadata.uid) this.#makers.set(metadata.uid, { uid: reference?.uid ?? undefined, maker })
  }

  ownerOf(subject: Subject, apiVersion: string): ObjectName {
    const direct =
      subject.groupKind === pod ? this.#makerOf(referenceOf(subject.metadata)?.uid ?? undefined) : undefined
    return direct ?? ownerOf(subject, apiVersion)
  }

  /** A RayJob makes a RayCluster, which makes pods. References may go in a circle: anybody may write them. */
  #makerOf(made: string | undefined): ObjectName | undefined {
    const seen = new Set<string>()
    let found: ObjectName | undefined
    for (let uid = made; uid !== undefined && !seen.has(uid); ) {
      seen.add(uid)
      const next = this.#makers.get(uid)
      found = next?.maker ?? found
      uid = next?.uid
    }
    return found
  }
}

function referenceOf({ ownerReferences }: ObjectMeta): OwnerReference | undefined {
  return ownerReferences?.find(({ controller }) => controller === true)
}
