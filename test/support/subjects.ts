import type { Operation } from '../../src/kubernetes/admission-review.ts'
import { type PodSubject, type Subject, subjectOfRequest } from '../../src/kubernetes/subject.ts'
import { groupOf } from '../../src/kubernetes/workloads.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'

/** What a test may say of a request besides its object. */
export interface RequestChange {
  readonly operation?: Operation
  readonly oldObject?: JsonRecord
  readonly resource?: string
  readonly subResource?: string
  readonly userName?: string
  readonly namespace?: string
}

/** The subject of an admission request for the object, as the API server would send it. */
export function subjectFrom(object: JsonRecord, change: RequestChange = {}): Subject {
  const apiVersion = String(object['apiVersion'])
  return subjectOfRequest({
    uid: 'u-1',
    kind: {
      group: groupOf(apiVersion),
      version: apiVersion.slice(apiVersion.indexOf('/') + 1),
      kind: String(object['kind'])
    },
    resource: change.resource ?? '',
    subResource: change.subResource ?? '',
    operation: change.operation ?? 'CREATE',
    namespace: change.namespace ?? 'default',
    name: '',
    userName: change.userName ?? 'jane',
    dryRun: false,
    object,
    oldObject: change.oldObject
  })
}

/** A Pod of one container without any resources, changed by what is given for its spec and metadata. */
export function podObject(spec: JsonRecord = {}, metadata: JsonRecord = {}): JsonRecord {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', ...metadata },
    spec: { containers: [{ name: 'app', image: 'example.com/app:1' }], ...spec }
  }
}

export function podSubject(spec: JsonRecord = {}, metadata: JsonRecord = {}, change: RequestChange = {}): PodSubject {
  return subjectFrom(podObject(spec, metadata), change) as PodSubject
}

/** A workload whose template holds the pod; `kind` like `apps/v1/Deployment`. */
export function workloadObject(
  kind: string,
  podSpec: JsonRecord = {},
  podMetadata: JsonRecord = {},
  metadata: JsonRecord = {}
): JsonRecord {
  const slash = kind.lastIndexOf('/')
  const pod = podObject(podSpec)
  const template = { metadata: podMetadata, spec: pod['spec'] }
  const name = kind.slice(slash + 1)
  return {
    apiVersion: kind.slice(0, slash),
    kind: name,
    metadata: { name: 'web', namespace: 'default', ...metadata },
    spec: name === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template }
  }
}

/** The controller of what the tigera operator makes. */
export const tigeraOperator = {
  apiVersion: 'operator.tigera.io/v1',
  kind: 'Installation',
  name: 'default',
  uid: 'u',
  controller: true
} as const

/** A calico-node DaemonSet as Calico's own manifest has it, in the parts that rules read. */
export function calicoObject(
  change: { env?: unknown; spec?: JsonRecord; metadata?: JsonRecord; container?: JsonRecord } = {}
): JsonRecord {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      name: 'calico-node',
      namespace: 'kube-system',
      labels: { 'k8s-app': 'calico-node' },
      ...change.metadata
    },
    spec: {
      selector: { matchLabels: { 'k8s-app': 'calico-node' } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      template: {
        metadata: { labels: { 'k8s-app': 'calico-node' } },
        spec: {
          containers: [
            {
              name: 'calico-node',
              image: 'docker.io/calico/node:v3.28.0',
              ...(change.env === undefined ? undefined : { env: change.env }),
              ...change.container
            }
          ]
        }
      },
      ...change.spec
    }
  }
}
