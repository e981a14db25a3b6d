import { isRecord } from '../lib/json/shape.ts'
import type { ObjectMeta } from './types.ts'

/** Where a kind keeps its pod: pointer to the object that holds the pod's `metadata` and `spec`. */
const podAtByKind: Readonly<Record<string, string>> = {
  '/Pod': '',
  'apps/Deployment': '/spec/template',
  'apps/StatefulSet': '/spec/template',
  'apps/DaemonSet': '/spec/template',
  'apps/ReplicaSet': '/spec/template',
  'batch/Job': '/spec/template',
  'batch/CronJob': '/spec/jobTemplate/spec/template',
  '/ReplicationController': '/spec/template'
}

/** `group/kind`, the key rules are registered and looked up by; the core group is empty. */
export type GroupKind = string

export function groupKindOf(group: string, kind: string): GroupKind {
  if (last.group !== group || last.kind !== kind) last = { group, kind, key: `${group}/${kind}` }
  return last.key
}

/** What was asked for last: each object asks many times, and a new text for each would have to be hashed. */
let last: { readonly group: string; readonly kind: string; readonly key: GroupKind } = { group: '', kind: '', key: '/' }

export const pod: GroupKind = '/Pod'
export const daemonSet: GroupKind = 'apps/DaemonSet'
export const node: GroupKind = '/Node'

/** Of all kinds that rules look at, those that are in no namespace. */
const checkedClusterKinds: readonly GroupKind[] = [
  node,
  'crd.projectcalico.org/FelixConfiguration',
  'projectcalico.org/FelixConfiguration'
]

const clusterKindNames: ReadonlySet<string> = new Set(
  checkedClusterKinds.map((kind) => kind.slice(kind.indexOf('/') + 1))
)

/** The same, and kinds in no namespace whose pods are in any that uses them. */
const clusterKinds: ReadonlySet<GroupKind> = new Set([
  ...checkedClusterKinds,
  'argoproj.io/ClusterAnalysisTemplate',
  'argoproj.io/ClusterWorkflowTemplate',
  'serving.kserve.io/ClusterServingRuntime',
  'tekton.dev/ClusterTask'
])

/** Whether objects of a kind of this name, among the kinds that rules look at, are in no namespace. */
export function isInNoNamespace(kind: string): boolean {
  return clusterKindNames.has(kind)
}

/**
 * The namespace an object is stored in: its own, else `fallback`. A kind that is in no namespace has none, whatever the
 * object says: the API server clears it (apiserver pkg/registry/rest EnsureObjectNamespaceMatchesRequestNamespace).
 */
export function namespaceOf(kind: GroupKind, own: unknown, fallback: string): string {
  if (clusterKinds.has(kind)) return ''
  return typeof own === 'string' && own !== '' ? own : fallback
}

/** Everything that makes pods from a template. */
export const templateKinds: readonly GroupKind[] = Object.keys(podAtByKind).filter((kind) => kind !== pod)

/** Everything that holds a pod spec. */
export const podKinds: readonly GroupKind[] = Object.keys(podAtByKind)

/** The pointer to the pod inside an object of this kind, or undefined when the kind holds none. */
export function podAt(kind: GroupKind): string | undefined {
  return Object.hasOwn(podAtByKind, kind) ? podAtByKind[kind] : undefined
}

/** Group versions that every API server still running has dropped, by the one that took their place. */
const successors: Readonly<Record<string, string>> = {
  'extensions/v1beta1': 'apps/v1',
  'apps/v1beta1': 'apps/v1',
  'apps/v1beta2': 'apps/v1',
  'batch/v1beta1': 'batch/v1'
}

/** The version under which objects of this one are served today, and under which rules look at them. */
export function currentVersionOf(apiVersion: string): string {
  return Object.hasOwn(successors, apiVersion) ? (successors[apiVersion] as string) : apiVersion
}

/**
 * The owner that keeps the object in step with its own template, if any. A dump may hold something else in place of a
 * reference: then there is none, and the shape of the object is reported elsewhere.
 */
export function controllerOf(
  metadata: ObjectMeta | null | undefined
): { kind: string; name: string; group: string } | undefined {
  const references: unknown = metadata?.ownerReferences
  if (!Array.isArray(references)) return undefined
  const owner: unknown = references.find(
    (reference: unknown) => isRecord(reference) && reference['controller'] === true
  )
  if (!isRecord(owner)) return undefined
  const { kind, name, apiVersion } = owner
  if (typeof kind !== 'string' || typeof name !== 'string' || typeof apiVersion !== 'string') return undefined
  return { kind, name, group: groupOf(apiVersion) }
}

/** The group of an `apiVersion`: `apps/v1` is `apps`, `v1` the core group, which is empty. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}

/**
 * The workload people know a pod by: the Deployment behind a ReplicaSet, the CronJob behind a Job; else the
 * controller itself, else the pod. A ReplicaSet's name is its Deployment's and the pod-template-hash label
 * (kubernetes pkg/controller/deployment/sync.go), a CronJob's Job's ends in its scheduled time: see `scheduledBy`.
 */
export function workloadOf(metadata: ObjectMeta | null | undefined): { kind: string; name: string } {
  const controller = controllerOf(metadata)
  // A static pod is controlled by its Node: people know it by its own name.
  if (controller === undefined || controller.kind === 'Node') return { kind: 'Pod', name: nameOf(metadata) }
  const { kind, name } = controller
  const hash = metadata?.labels?.['pod-template-hash']
  if (kind === 'ReplicaSet' && hash && name.endsWith(`-${hash}`)) {
    return { kind: 'Deployment', name: name.slice(0, -hash.length - 1) }
  }
  const cronJob = kind === 'Job' ? scheduledBy(name) : undefined
  return cronJob === undefined ? { kind, name } : { kind: 'CronJob', name: cronJob }
}

/**
 * The hash of the template a pod was made from: of a Deployment's pods `pod-template-hash`, of those of StatefulSets and
 * DaemonSets `controller-revision-hash`. undefined for other pods, whose templates cannot be told apart.
 */
export function templateOf(metadata: ObjectMeta | null | undefined): string | undefined {
  const labels = metadata?.labels
  return labels?.['pod-template-hash'] || labels?.['controller-revision-hash'] || undefined
}

/**
 * Minutes since the epoch that can be the scheduled time of a CronJob: from 2015, before there were any (Kubernetes 1.4,
 * 2016), to 2100. A day such as 20241115 is below that.
 */
export const scheduledMinutes = { first: 23_667_840, last: 68_374_080 } as const

/**
 * The name of the CronJob that a Job of this name is from. It ends in the scheduled time, in minutes since the epoch
 * (kubernetes pkg/controller/cronjob/utils.go), before 1.21 in seconds, which are whole minutes too. A Job that a user
 * named with such a number at the end looks the same and is counted as a CronJob's.
 */
function scheduledBy(job: string): string | undefined {
  const [, cronJob, digits] = /^(.+)-([1-9]\d{7}|[1-9]\d{9})$/.exec(job) ?? []
  if (digits === undefined) return undefined
  const minutes = digits.length === 8 ? Number(digits) : Number(digits) / 60
  const isTime = Number.isInteger(minutes) && minutes >= scheduledMinutes.first && minutes <= scheduledMinutes.last
  return isTime ? cronJob : undefined
}

/** The name people will find the object by: a generated name is not known yet at admission, only its prefix. */
export function nameOf(metadata: ObjectMeta | null | undefined): string {
  return metadata?.name || (metadata?.generateName ? `${metadata.generateName}*` : '')
}
