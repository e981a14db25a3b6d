import type { HeldSecret, SecretStore } from '../ports/certificates.ts'
import type { KubeApi } from './client.ts'
import { KubeError } from './kube-error.ts'

interface Secret {
  readonly metadata: { readonly resourceVersion?: string; readonly annotations?: Record<string, string> | null }
  readonly data?: Record<string, string> | null
}

/** One Secret of the cluster, by name. */
export function servingSecret(api: KubeApi, namespace: string, name: string): SecretStore {
  const path = `/api/v1/namespaces/${namespace}/secrets`
  return {
    read: () => unless('not-found', async () => heldOf(await api.call<Secret>(`${path}/${name}`))),
    write({ annotations, data }, held) {
      const metadata = { name, namespace, annotations, labels: { 'app.kubernetes.io/name': 'pidguard' } }
      const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', data: encoded(data) }
      return unless('conflict', async () =>
        heldOf(
          held === undefined
            ? await api.call<Secret>(path, { method: 'POST', body: { ...secret, metadata } })
            : await api.call<Secret>(`${path}/${name}`, {
                method: 'PUT',
                body: { ...secret, metadata: { ...metadata, resourceVersion: held.version } }
              })
        )
      )
    }
  }
}

/** undefined for this failure; throws any other. */
async function unless<T>(failure: KubeError['failure'], call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof KubeError && error.failure === failure) return undefined
    throw error
  }
}

function heldOf({ metadata, data }: Secret): HeldSecret {
  return {
    version: metadata.resourceVersion ?? '',
    annotations: metadata.annotations ?? {},
    data: Object.fromEntries(
      Object.entries(data ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')])
    )
  }
}

function encoded(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]))
}
