import type { KubeApi } from './client.ts'
import { KubeError } from './kube-error.ts'

/** Newest first: up to v1.20 there is no policy/v1, from v1.25 on no policy/v1beta1, so no manifest fits both. */
const versions = ['v1', 'v1beta1'] as const

/**
 * Makes the PodDisruptionBudget of that name where there is none, so that a drain takes one replica at a time.
 * One that is there is left alone, whoever wrote it.
 */
export async function ensureDisruptionBudget(api: KubeApi, namespace: string, name: string): Promise<'made' | 'there'> {
  for (const version of versions) {
    const path = `/apis/policy/${version}/namespaces/${namespace}/poddisruptionbudgets`
    if (await exists(api, `${path}/${name}`)) return 'there'
    try {
      await api.call(path, { method: 'POST', body: budget(version, namespace, name) })
      return 'made'
    } catch (error) {
      if (isFailure(error, 'conflict')) return 'there'
      // The version is not served, and then its path is not found.
      if (!isFailure(error, 'not-found')) throw error
    }
  }
  throw new KubeError('not-found', 'the API server serves PodDisruptionBudgets in no version known here')
}

async function exists(api: KubeApi, path: string): Promise<boolean> {
  try {
    await api.call(path)
    return true
  } catch (error) {
    if (isFailure(error, 'not-found')) return false
    throw error
  }
}

function isFailure(error: unknown, failure: KubeError['failure']): boolean {
  return error instanceof KubeError && error.failure === failure
}

function budget(version: string, namespace: string, name: string): object {
  const labels = { 'app.kubernetes.io/name': name }
  return {
    apiVersion: `policy/${version}`,
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace, labels },
    spec: { maxUnavailable: 1, selector: { matchLabels: labels } }
  }
}
