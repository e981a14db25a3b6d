import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Manifest, manifestDocuments } from './corpus.ts'

/** A policy under which one namespace has its BestEffort pods filled in, and the other has them refused. */
export const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  calico: {iptablesBackend: NFT}
  overrides:
    - {name: filling, namespaces: {names: [filling]}, requests: {bestEffortPods: inject}}
`

export const namespaces = ['filling', 'refusing'] as const

/** Labels of a namespace for any pod: real workloads are of all sorts. */
export const anyPod = { 'pod-security.kubernetes.io/enforce': 'privileged' }

/** One object to be created. */
export interface Write {
  /** Where it comes from, for messages. */
  readonly name: string
  /** As the API spells it: `deployments`. */
  readonly resource: string
  readonly manifest: Manifest
}

const resources: Readonly<Record<string, string>> = {
  Pod: 'pods',
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  ReplicationController: 'replicationcontrollers',
  Job: 'jobs',
  CronJob: 'cronjobs'
}

interface Template {
  readonly metadata?: object
  readonly spec: object
}

interface WorkloadSpec {
  readonly template?: Template
  readonly jobTemplate?: { readonly spec: { readonly template: Template } }
}

/**
 * All workloads of a folder of manifests, each followed by the pod that its controller would make of it. `cronJobs` is the
 * version in which this API server serves those.
 */
export function writesIn(folder: string, cronJobs: string): Write[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => manifestDocuments(join(folder, file)).map(({ manifest }) => ({ file, manifest })))
    .filter(({ manifest }) => manifest.kind in resources)
    .flatMap(({ file, manifest }) => writesOf(file, asServed(manifest, cronJobs)))
}

function writesOf(file: string, manifest: Manifest): Write[] {
  const name = `${file}: ${manifest.kind} ${manifest.metadata.name}`
  const workload = { name, resource: resources[manifest.kind] ?? '', manifest }
  const { template, jobTemplate } = (manifest.spec ?? {}) as WorkloadSpec
  const found = template ?? jobTemplate?.spec.template
  if (found === undefined) return [workload]
  const metadata = { ...found.metadata, name: 'of-a-template' }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: found.spec }
  return [workload, { name: `${name}, its pod`, resource: 'pods', manifest: pod }]
}

/**
 * With a name, and without what some API server refuses that has no other objects: an old one knows no gRPC probes, and
 * each looks priority classes up. Nor with a QoS class in a status that was dumped: v1.34 stores that one, whatever the pod requests.
 */
function asServed(manifest: Manifest, cronJobs: string): Manifest {
  const text = JSON.stringify(manifest, (key, value) => (refused.includes(key) ? undefined : value))
  const served: Manifest = JSON.parse(text)
  const apiVersion = served.kind === 'CronJob' ? cronJobs : served.apiVersion
  return { ...served, apiVersion, metadata: { ...served.metadata, name: served.metadata.name ?? 'unnamed' } }
}

const refused = ['livenessProbe', 'readinessProbe', 'startupProbe', 'priorityClassName', 'qosClass']
