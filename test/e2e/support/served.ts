import type { ApiClient } from './api-client.ts'

/** The newest version of an API group in which this API server serves the resource, as `batch/v1`; undefined for none. */
export async function findServed(api: ApiClient, group: string, resource: string): Promise<string | undefined> {
  // In the API server's own order: stable ones first, then by age.
  const { versions = [] } = (await api.get(`/apis/${group}`)).body as Group
  for (const { groupVersion } of versions) {
    if ((await resourcesOf(api, groupVersion)).some(({ name }) => name === resource)) return groupVersion
  }
  return undefined
}

/** The same, where every version of Kubernetes serves it in one version or another. */
export async function newestServed(api: ApiClient, group: string, resource: string): Promise<string> {
  const found = await findServed(api, group, resource)
  if (found === undefined) throw new Error(`${resource} of ${group}: served in no version`)
  return found
}

/** The kind of object that this API server takes for a resource, or a subresource as `pods/binding`. */
export async function kindOf(api: ApiClient, groupVersion: string, resource: string): Promise<string> {
  const found = (await resourcesOf(api, groupVersion)).find(({ name }) => name === resource)
  if (found === undefined) throw new Error(`${resource}: not served in ${groupVersion}`)
  return found.kind
}

async function resourcesOf(api: ApiClient, groupVersion: string): Promise<readonly ApiResource[]> {
  const prefix = groupVersion.includes('/') ? 'apis' : 'api'
  const { resources = [] } = (await api.get(`/${prefix}/${groupVersion}`)).body as Resources
  return resources
}

interface Group {
  readonly versions?: readonly { readonly groupVersion: string }[]
}

interface Resources {
  readonly resources?: readonly ApiResource[]
}

interface ApiResource {
  readonly name: string
  readonly kind: string
}
