import type { Registration, WebhookRegistry } from '../ports/certificates.ts'
import type { KubeApi } from './client.ts'
import { KubeError } from './kube-error.ts'

interface Configuration {
  readonly metadata: { readonly annotations?: Record<string, string> | null }
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[] | null
}

const resources = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const
const root = '/apis/admissionregistration.k8s.io/v1'
/** Annotations by which cert-manager writes caBundle (cert-manager.io/docs/concepts/ca-injector). */
const injectors = ['cert-manager.io/inject-ca-from', 'cert-manager.io/inject-ca-from-secret']

/** The two webhook configurations of that name. A missing one counts as one without webhooks: it makes no calls. */
export function webhookRegistry(api: KubeApi, name: string): WebhookRegistry {
  const read = (resource: string): Promise<Configuration | undefined> =>
    api.call<Configuration>(`${root}/${resource}/${name}`).catch((error: unknown) => {
      if (error instanceof KubeError && error.failure === 'not-found') return undefined
      throw error
    })
  return {
    async read() {
      const found = await Promise.all(resources.map(read))
      return registrationOf(found.filter((each) => each !== undefined))
    },
    async publish(bundle) {
      const caBundle = Buffer.from(bundle).toString('base64')
      await Promise.all(
        resources.map(async (resource) => {
          const patch = patchOf((await read(resource))?.webhooks ?? [], caBundle)
          if (patch.length === 0) return
          await api.call(`${root}/${resource}/${name}`, {
            method: 'PATCH',
            contentType: 'application/json-patch+json',
            body: patch
          })
        })
      )
    }
  }
}

function registrationOf(configurations: readonly Configuration[]): Registration {
  return {
    bundles: configurations.flatMap(({ webhooks }) =>
      (webhooks ?? []).map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8'))
    ),
    injected: configurations.some(({ metadata }) =>
      injectors.some((injector) => metadata.annotations?.[injector] !== undefined)
    )
  }
}

/** Each operation tests the name first, so that an entry that has moved meanwhile is not changed by mistake. */
function patchOf(webhooks: NonNullable<Configuration['webhooks']>, caBundle: string): object[] {
  return webhooks.flatMap(({ name, clientConfig }, index) =>
    clientConfig.caBundle === caBundle
      ? []
      : [
          { op: 'test', path: `/webhooks/${index}/name`, value: name },
          { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle }
        ]
  )
}
