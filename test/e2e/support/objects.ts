/** The parts of objects that tests read back from the API server. */
export interface StoredObject {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly generation?: number
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
  }
}

export interface StoredContainer {
  readonly name: string
  readonly resources: Resources
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

export interface Resources {
  readonly requests?: Readonly<Record<string, string>>
  readonly limits?: Readonly<Record<string, string>>
}

export interface StoredPod extends StoredObject {
  readonly spec: { readonly containers: readonly StoredContainer[] }
  readonly status: { readonly qosClass: string }
}

export interface StoredDaemonSet extends StoredObject {
  readonly spec: {
    readonly updateStrategy: object
    readonly template: { readonly spec: { readonly containers: readonly StoredContainer[] } }
  }
}

export interface Metadata {
  readonly name?: string
  readonly generateName?: string
  readonly namespace: string
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
  readonly finalizers?: string[]
}

/** Enough for any QoS class but BestEffort. */
export const someRequests: Resources = { requests: { cpu: '5m', memory: '8Mi' } }

/** A pod spec that Pod Security lets through as `restricted`, which is what namespaces of these tests ask for. */
export function restricted(containers: readonly object[], more: object = {}): object {
  return {
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: containers.map(restrictedContainer),
    ...more
  }
}

export function restrictedContainer<T extends object>(container: T): T {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  return { securityContext, ...container }
}

export function pod(metadata: Metadata, resources: Resources = {}, image = 'example.com/app:1'): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: restricted([{ name: 'app', image, resources }]) }
}

export function deployment(
  metadata: Metadata & { name: string },
  replicas: number,
  resources: Resources = {},
  env: readonly object[] = []
): object {
  const labels = { app: metadata.name }
  const containers = [{ name: 'app', image: 'example.com/app:1', resources, env }]
  const template = { metadata: { labels }, spec: restricted(containers) }
  const spec = { replicas, selector: { matchLabels: labels }, template }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec }
}

export interface DaemonSetChange {
  readonly env?: readonly { readonly name: string; readonly value: string }[]
  readonly ownerReferences?: readonly object[]
}

/** The least that makes a DaemonSet a Felix one, with what every Calico manifest sets. */
export function calicoNode(namespace: string, { env = [], ownerReferences = [] }: DaemonSetChange = {}): object {
  const labels = { 'k8s-app': 'calico-node' }
  const container = {
    name: 'calico-node',
    image: 'docker.io/calico/node:v3.28.0',
    env: [{ name: 'DATASTORE_TYPE', value: 'kubernetes' }, ...env],
    resources: { requests: { cpu: '250m' } }
  }
  const spec = {
    hostNetwork: true,
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: 'Exists' }],
    containers: [container]
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'calico-node', namespace, labels, ownerReferences },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      template: { metadata: { labels }, spec }
    }
  }
}

/** What Felix will see: the values of every variable that it takes for FELIX_IPTABLESBACKEND, whatever its case. */
export function backendsOf(daemonSet: StoredDaemonSet): (string | undefined)[] {
  const container = daemonSet.spec.template.spec.containers.find(({ name }) => name === 'calico-node')
  const own = container?.env?.filter(({ name }) => name.toUpperCase() === 'FELIX_IPTABLESBACKEND') ?? []
  return own.map(({ value }) => value)
}
