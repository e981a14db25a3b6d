import { KubeClient } from '../kube/client.ts'
import { type Credentials, findCredentials } from '../kube/credentials.ts'
import type { Clock } from '../ports/runtime.ts'

/** Service, webhook configurations, Lease and Deployment of the webhook, as manifests/base names them. */
export const installed = 'pidguard'

/** The Service of the one writer, as manifests/components/guard names it. */
export const guard = 'pidguard-guard'

/** The one way of this process to its cluster: everything that talks to the API server shares its connections. */
export interface ClusterAccess {
  readonly credentials: Credentials
  readonly api: KubeClient
  /** The namespace that pidguard is installed in. */
  readonly namespace: string
  close(): Promise<void>
}

/** Where the context of a kubeconfig names no namespace: as manifests/base has it. */
const usualNamespace = 'pidguard-system'

/** Throws ERR_CLUSTER_CONFIG. */
export async function openCluster(kubeconfig: string | undefined, clock: Clock): Promise<ClusterAccess> {
  const credentials = await findCredentials({ kubeconfig, context: undefined, env: process.env, clock })
  const api = new KubeClient(credentials)
  return { credentials, api, namespace: credentials.namespace ?? usualNamespace, close: () => api.close() }
}
