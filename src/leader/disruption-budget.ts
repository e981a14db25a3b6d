import type { KubeApi } from '../kube/client.ts'
import { KubeError } from '../kube/kube-error.ts'
import { pause } from '../lib/sleep.ts'
import type { Millis } from '../lib/units.ts'
import type { Log } from '../ports/runtime.ts'

export interface BudgetDeps {
  readonly api: KubeApi
  readonly namespace: string
  readonly name: string
  readonly log: Log
  /** Between two tries. */
  readonly retry?: Millis
}

/** A quota, a policy engine or RBAC that refuses it does so for long. Own choice. */
const defaultRetry: Millis = 5 * 60_000
const unprotected = 'PodDisruptionBudget not made, a drain may take all replicas at once'

/**
 * Makes the PodDisruptionBudget where it is missing, and tries again for as long as this process leads. A failure is logged
 * once, and again when its message changes. Never rejects.
 */
export async function keepDisruptionBudget(
  { api, namespace, name, log, retry = defaultRetry }: BudgetDeps,
  signal: AbortSignal
): Promise<void> {
  let logged: string | undefined
  while (!signal.aborted) {
    try {
      const result = await ensureDisruptionBudget(api, namespace, name, signal)
      if (result === 'made') log.info({ name }, 'PodDisruptionBudget made')
      return
    } catch (cause) {
      if (signal.aborted) return
      const { failure, message } = KubeError.ofTransport(cause)
      if (message !== logged) log.warn({ name, failure, error: message }, unprotected)
      logged = message
    }
    await pause(retry, signal)
  }
}

/** Newest first: up to v1.20 there is no policy/v1, from v1.25 on no policy/v1beta1, so no manifest fits both. */
const versions = ['v1', 'v1beta1'] as const

/**
 * Makes the PodDisruptionBudget of that name where there is none, so that a drain takes one replica at a time. An existing
 * one is left as it is, also where another client wrote it.
 */
export async function ensureDisruptionBudget(
  api: KubeApi,
  namespace: string,
  name: string,
  signal: AbortSignal
): Promise<'made' | 'there'> {
  for (const version of versions) {
    const path = `/apis/policy/${version}/namespaces/${namespace}/poddisruptionbudgets`
    if (await exists(api, `${path}/${name}`, signal)) return 'there'
    try {
      await api.call(path, { method: 'POST', body: budget(version, namespace, name), signal })
      return 'made'
    } catch (error) {
      if (isFailure(error, 'conflict')) return 'there'
      // The version is not served, and then its path is not found.
      if (!isFailure(error, 'not-found')) throw error
    }
  }
  throw new KubeError('not-found', 'the API server serves PodDisruptionBudgets in no version known here')
}

async function exists(api: KubeApi, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await api.call(path, { signal })
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
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: labels },
      // Replicas that crash protect no pod, so they must not hold up the drain of their nodes. Kubernetes v1.27 and newer
      // follow this; older API servers drop the field.
      unhealthyPodEvictionPolicy: 'AlwaysAllow'
    }
  }
}
