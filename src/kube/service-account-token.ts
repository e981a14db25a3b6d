import type { Millis } from '../lib/units.ts'
import type { CallCredentials, CallCredentialsSource } from '../ports/credentials.ts'
import type { Clock } from '../ports/runtime.ts'
import type { KubeApi } from './client.ts'

/** What a token is asked for: 10 minutes is the least that the API server gives, and an hour what the kubelet asks for. */
const life: Millis = 60 * 60_000
/** A token is replaced when this share of its life is over, as the kubelet does. */
const renewalShare = 0.8

export interface TokenSubject {
  readonly namespace: string
  readonly name: string
}

interface TokenAnswer {
  readonly status?: { readonly token?: string }
}

interface Held {
  readonly token: string
  /** Monotonic. */
  readonly issuedAt: Millis
}

/**
 * Credentials of another ServiceAccount, by the TokenRequest API (served since v1.20): the server that is asked with them
 * learns a token that can do what that account may do, and lives for an hour. `own` gives the authority to trust; client
 * certificates of ours are left out.
 */
export function serviceAccountToken(
  api: Pick<KubeApi, 'call'>,
  { namespace, name }: TokenSubject,
  own: CallCredentialsSource,
  clock: Pick<Clock, 'monotonic'>
): CallCredentialsSource {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
  let held: Held | undefined
  let asking: Promise<Held> | undefined

  async function ask(): Promise<Held> {
    const issuedAt = clock.monotonic()
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: life / 1_000 }
    }
    const { status } = await api.call<TokenAnswer>(path, { method: 'POST', body })
    if (typeof status?.token !== 'string') throw new Error(`${path}: expected a token, found none`)
    held = { token: status.token, issuedAt }
    return held
  }

  async function current(): Promise<string> {
    const age = held === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - held.issuedAt
    if (held !== undefined && age < life * renewalShare) return held.token
    asking ??= ask().finally(() => {
      asking = undefined
    })
    try {
      return (await asking).token
    } catch (error) {
      // The old one is good for some minutes more.
      if (held !== undefined && age < life) return held.token
      throw new Error(`no token of the ServiceAccount ${namespace}/${name}: ${(error as Error).message}`, {
        cause: error
      })
    }
  }

  return {
    async next(): Promise<CallCredentials> {
      const [token, { tls }] = await Promise.all([current(), own.next()])
      return {
        headers: { authorization: `Bearer ${token}` },
        tls: { ...tls, cert: undefined, key: undefined }
      }
    },
    renew() {
      held = undefined
      own.renew()
    }
  }
}
