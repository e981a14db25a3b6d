import { rulesAnnotation } from '../emit/emitted-object.ts'
import { nodeKind } from '../kube/cache/cached-kinds.ts'
import type { KubeApi } from '../kube/client.ts'
import { KubeError } from '../kube/kube-error.ts'
import { listFelixConfigurations } from '../kube/list-felix-configurations.ts'
import { readPages } from '../kube/paged-list.ts'
import { servingSecret } from '../kube/serving-secret.ts'
import type { FelixSettings } from '../kubernetes/calico/felix.ts'
import type { Selector } from '../kubernetes/label-selector.ts'
import type { ObjectMeta } from '../kubernetes/types.ts'
import { isRecord, type JsonRecord } from '../lib/json/shape.ts'
import type { HeldSecret } from '../ports/certificates.ts'
import type { AdmissionPolicy } from './fallback-checks.ts'
import { askReplicas, type ReplicaMetrics, type ReplicaPod } from './replicas/replica-metrics.ts'
import { countServiceAddresses } from './replicas/service-addresses.ts'
import { type NeededWorkload, neededWorkloadOf, servingKinds } from './waiting/needed-workloads.ts'

export interface RegisteredWebhook {
  readonly name: string
  readonly failurePolicy?: string
  readonly sideEffects?: string
  readonly timeoutSeconds?: number
  readonly reinvocationPolicy?: string
  readonly clientConfig: {
    readonly caBundle?: string
    readonly url?: string
    readonly service?: {
      readonly namespace: string
      readonly name: string
      readonly path?: string
      readonly port?: number
    }
  }
  readonly namespaceSelector?: Partial<Selector>
  readonly objectSelector?: Partial<Selector>
  readonly rules?: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly operations?: readonly string[]
  }[]
}

export interface WebhookConfiguration {
  readonly metadata: ObjectMeta
  readonly webhooks?: readonly RegisteredWebhook[] | null
}

export interface Deployment {
  readonly spec: {
    readonly replicas?: number
    readonly template: { readonly spec: { readonly containers: readonly { readonly image?: string }[] } }
  }
  readonly status?: { readonly readyReplicas?: number; readonly updatedReplicas?: number }
}

export interface Service {
  readonly spec: { readonly type?: string; readonly ports?: readonly { readonly port: number }[] }
}

/** An installation as it can be seen from outside; what is undefined is not there, what is hidden may not be read. */
export interface InstallationFacts {
  readonly serverVersion: string
  readonly namespace: string
  readonly mutating: readonly WebhookConfiguration[]
  readonly validating: readonly WebhookConfiguration[]
  /** The webhook's. */
  readonly deployment: Deployment | undefined
  /** The controllers'. */
  readonly controllers: Deployment | undefined
  readonly service: Service | undefined
  /** Ready addresses that the Service leads to; undefined: they may not be read. */
  readonly addresses: number | undefined
  readonly secret: HeldSecret | undefined
  readonly policy: string | undefined
  readonly namespaces: readonly { readonly metadata: ObjectMeta }[]
  /** With apiVersion and kind, which lists leave out. */
  readonly daemonSets: readonly JsonRecord[]
  /** Workloads of all namespaces that our pods need before they can run. */
  readonly needed: readonly NeededWorkload[]
  /** undefined: they may not be read. */
  readonly felixConfigurations: readonly FelixSettings[] | undefined
  /** Metrics of the running replicas; undefined: none could be asked, and `hidden` says so. */
  readonly replicas: readonly ReplicaMetrics[] | undefined
  /** Resources that the user may not read. */
  readonly hidden: readonly string[]
}

interface List<T> {
  readonly items: readonly T[]
}

/** Reads an installation by its names in manifests/base. Throws KubeError when the API server does not answer. */
export async function readInstallation(api: KubeApi, namespace: string): Promise<InstallationFacts> {
  const hidden = new Set<string>()
  async function seen<T>(what: string, call: Promise<T>): Promise<T | undefined> {
    try {
      return await call
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      if (error.failure === 'forbidden') hidden.add(what)
      else if (error.failure !== 'not-found') throw error
      return undefined
    }
  }
  const own = `/api/v1/namespaces/${namespace}`
  const registration = '/apis/admissionregistration.k8s.io/v1'
  const deploymentOf = (name: string) =>
    seen('deployments', api.call<Deployment>(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`))
  const [
    version,
    mutating,
    validating,
    deployment,
    controllers,
    service,
    addresses,
    secret,
    policy,
    namespaces,
    daemonSets,
    needed,
    pods
  ] = await Promise.all([
    api.call<{ gitVersion: string }>('/version'),
    seen(
      'mutatingwebhookconfigurations',
      api.call<List<WebhookConfiguration>>(`${registration}/mutatingwebhookconfigurations`)
    ),
    seen(
      'validatingwebhookconfigurations',
      api.call<List<WebhookConfiguration>>(`${registration}/validatingwebhookconfigurations`)
    ),
    deploymentOf('pidguard'),
    deploymentOf('pidguard-controller'),
    seen('services', api.call<Service>(`${own}/services/pidguard`)),
    seen('endpointslices', countServiceAddresses(api, namespace, 'pidguard')),
    seen('secrets', servingSecret(api, namespace, 'pidguard-tls').read()),
    seen('configmaps', api.call<{ data?: Record<string, string> }>(`${own}/configmaps/pidguard-policy`)),
    seen('namespaces', api.call<List<{ metadata: ObjectMeta }>>('/api/v1/namespaces')),
    seen('daemonsets', api.call<List<JsonRecord>>('/apis/apps/v1/daemonsets')),
    Promise.all(servingKinds.map((kind) => seen(`${pluralOf(kind)} of all namespaces`, readNeeded(api, kind)))),
    seen(
      'pods',
      api.call<List<ReplicaPod>>(`${own}/pods`, { query: { labelSelector: 'app.kubernetes.io/name=pidguard' } })
    )
  ])
  const { known: felixConfigurations } = await listFelixConfigurations(api, new AbortController().signal)
  if (felixConfigurations === undefined) hidden.add('felixconfigurations')
  const all = (daemonSets?.items ?? []).map((item) => ({ ...item, apiVersion: 'apps/v1', kind: 'DaemonSet' }))
  const replicas = pods && (await seen('pods/proxy', askReplicas(api, namespace, pods.items)))
  return {
    serverVersion: version.gitVersion,
    namespace,
    mutating: mutating?.items ?? [],
    validating: validating?.items ?? [],
    deployment,
    controllers,
    service,
    addresses,
    secret,
    policy: policy?.data?.['policy.yaml'],
    namespaces: namespaces?.items ?? [],
    daemonSets: all,
    needed: [...needed.flatMap((each) => each ?? []), ...all.flatMap((each) => neededWorkloadOf(each) ?? [])],
    felixConfigurations,
    replicas,
    hidden: [...hidden]
  }
}

/** Those that our pods need, page by page: a cluster may have thousands. Throws KubeError. */
async function readNeeded(api: KubeApi, kind: (typeof servingKinds)[number]): Promise<readonly NeededWorkload[]> {
  const found: NeededWorkload[] = []
  await readPages(api, `/apis/apps/v1/${pluralOf(kind)}`, 100, new AbortController().signal, (items) => {
    for (const item of items.filter(isRecord)) {
      const workload = neededWorkloadOf({ ...item, apiVersion: 'apps/v1', kind })
      if (workload !== undefined) found.push(workload)
    }
  })
  return found
}

function pluralOf(kind: string): string {
  return `${kind.toLowerCase()}s`
}

/** The names of all Nodes; undefined where the user may not list them. Throws KubeError. */
export async function readNodeNames(api: KubeApi): Promise<readonly string[] | undefined> {
  const names: string[] = []
  try {
    await readPages(api, nodeKind.path, nodeKind.firstPage, new AbortController().signal, (items) => {
      for (const item of items) if (isRecord(item)) names.push(nodeKind.project(item).name)
    })
    return names
  } catch (cause) {
    const error = KubeError.ofTransport(cause)
    if (error.failure === 'forbidden') return undefined
    throw error
  }
}

const policyKinds = ['ValidatingAdmissionPolicy', 'MutatingAdmissionPolicy'].flatMap((kind) => [kind, `${kind}Binding`])

/**
 * The policies of the API server that stand for rules of ours, and their bindings; undefined where one of the kinds may not be read. A
 * kind that this server does not have has none. Throws KubeError.
 */
export async function readAdmissionPolicies(api: KubeApi): Promise<readonly AdmissionPolicy[] | undefined> {
  const lists = await Promise.all(
    policyKinds.map(async (kind) => {
      const plural = kind.endsWith('Policy') ? `${kind.slice(0, -1)}ies` : `${kind}s`
      try {
        const { items } = await api.call<List<Omit<AdmissionPolicy, 'kind'>>>(
          `/apis/admissionregistration.k8s.io/v1/${plural.toLowerCase()}`
        )
        return items.map((item) => ({ ...item, kind }))
      } catch (error) {
        if (!(error instanceof KubeError)) throw error
        if (error.failure === 'not-found') return []
        if (error.failure === 'forbidden') return undefined
        throw error
      }
    })
  )
  if (lists.includes(undefined)) return undefined
  return lists
    .flatMap((list) => list ?? [])
    .filter(({ metadata }) => metadata.annotations?.[rulesAnnotation] !== undefined)
}
