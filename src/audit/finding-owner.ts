import type { Subject } from '../kubernetes/subject.ts'
import { controllerOf, pod, workloadOf } from '../kubernetes/workloads.ts'
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
  const controller = metadata.ownerReferences?.find((reference) => reference.controller === true)
  const own = controller?.kind === owner.kind ? controller.apiVersion : undefined
  return { apiVersion: own || builtIn[owner.kind] || '', kind: owner.kind, namespace, name: owner.name }
}
