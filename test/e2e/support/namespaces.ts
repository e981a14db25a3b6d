import type { ApiClient } from './api-client.ts'
import type { StoredObject } from './objects.ts'

/** Whether the namespace has its name as a label. The API server sees to that from v1.21 on; before, only who writes it. */
export async function carriesItsName(api: ApiClient, namespace: string): Promise<boolean> {
  const { metadata } = (await api.get(`/api/v1/namespaces/${namespace}`)).body as StoredObject
  return metadata.labels?.['kubernetes.io/metadata.name'] === namespace
}
