import type { ApiClient } from './api-client.ts'
import type { StoredObject } from './objects.ts'

interface Placed extends StoredObject {
  readonly spec: { readonly nodeName?: string }
}

/** The names of the namespace's pods that have a node, sorted. */
export async function boundPods(api: ApiClient, namespace: string): Promise<string[]> {
  const pods = await api.list<Placed>('pods', namespace, '')
  return pods.flatMap(({ metadata, spec }) => (spec.nodeName === undefined ? [] : [metadata.name])).toSorted()
}
