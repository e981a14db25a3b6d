import { isRecord, textOf } from '../lib/json/shape.ts'
import type { ListedKind } from '../ports/objects.ts'
import type { KubeApi } from './client.ts'
import { KubeError } from './kube-error.ts'

/**
 * How a kind of a group is listed, in the version that the API server prefers, or in the first other one that has it; undefined:
 * in none (https://kubernetes.io/docs/reference/using-api/api-concepts/#discovery-api). Throws KubeError; `not-found` where
 * the group is not served.
 */
export async function findKind(
  api: KubeApi,
  group: string,
  kind: string,
  signal: AbortSignal
): Promise<ListedKind | undefined> {
  const path = `/apis/${group}`
  const { preferredVersion, versions } = recordOf(await api.call(path, { signal }), path)
  const inOrder = [preferredVersion, ...(Array.isArray(versions) ? versions : [])]
  const apiVersions = new Set(inOrder.map((each) => (isRecord(each) ? textOf(each['groupVersion']) : '')))
  for (const apiVersion of apiVersions) {
    if (!apiVersion.startsWith(`${group}/`)) continue
    const { resources } = recordOf(await api.call(`/apis/${apiVersion}`, { signal }), `/apis/${apiVersion}`)
    const own = (Array.isArray(resources) ? resources : []).filter(isRecord)
    // Subresources, as deployments/scale, may name any kind.
    const found = own.find(({ kind: each, name }) => each === kind && typeof name === 'string' && !name.includes('/'))
    if (found === undefined) continue
    return {
      kind,
      plural: textOf(found['name']),
      apiVersions: [apiVersion],
      isClusterWide: found['namespaced'] === false
    }
  }
  return undefined
}

function recordOf(value: unknown, path: string): Record<string, unknown> {
  if (!isRecord(value)) throw new KubeError('malformed', `${path}: expected an object`)
  return value
}
