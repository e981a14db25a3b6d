import type { ApiClient } from './api-client.ts'
import { restricted } from './objects.ts'

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

/** Whether this API server skips a webhook by an expression; an older one drops that field. */
export async function knowsMatchConditions(api: ApiClient): Promise<boolean> {
  const webhook = {
    name: 'tried.pidguard.io',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: { url: 'https://127.0.0.1:1/' },
    matchConditions: [{ name: 'never', expression: 'false' }]
  }
  const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?dryRun=All'
  const { body } = await api.post(path, { metadata: { name: 'tried' }, webhooks: [webhook] })
  return JSON.stringify(body).includes('"matchConditions"')
}

/** Whether a pod of this API server can be held back from the scheduler; an older one drops that field. */
export async function knowsSchedulingGates(api: ApiClient): Promise<boolean> {
  const spec = restricted([{ name: 'app', image: 'none' }], { schedulingGates: [{ name: 'example.com/tried' }] })
  const { body } = await api.post('/api/v1/namespaces/default/pods?dryRun=All', { metadata: { name: 'tried' }, spec })
  return JSON.stringify(body).includes('"schedulingGates"')
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
