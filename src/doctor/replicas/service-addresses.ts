import type { KubeApi } from '../../kube/client.ts'
import { KubeError } from '../../kube/kube-error.ts'

/**
 * One of the slices of a Service: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/.
 * An empty list may be null.
 */
interface EndpointSlice {
  readonly endpoints?: readonly Endpoint[] | null
}

interface Endpoint {
  readonly addresses: readonly string[]
  /** Readers take a condition that is absent for true. */
  readonly conditions?: { readonly ready?: boolean | null }
}

interface Endpoints {
  readonly subsets?: readonly { readonly addresses?: readonly unknown[] }[] | null
}

/**
 * How many ready addresses a Service leads to: of its EndpointSlices, in v1 from Kubernetes v1.21 on, or of its Endpoints
 * where those are not served. None where it has neither. Throws KubeError.
 */
export async function countServiceAddresses(api: KubeApi, namespace: string, service: string): Promise<number> {
  const slices = await foundOf(
    api.call<{ items: readonly EndpointSlice[] }>(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
      query: { labelSelector: `kubernetes.io/service-name=${service}` }
    })
  )
  if (slices !== undefined) {
    const ready = slices.items
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
    return ready.reduce((sum, { addresses }) => sum + addresses.length, 0)
  }
  const endpoints = await foundOf(api.call<Endpoints>(`/api/v1/namespaces/${namespace}/endpoints/${service}`))
  return (endpoints?.subsets ?? []).reduce((sum, { addresses = [] }) => sum + addresses.length, 0)
}

/** undefined where the API server does not serve it, or has no such object. */
async function foundOf<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof KubeError && error.failure === 'not-found') return undefined
    throw error
  }
}
