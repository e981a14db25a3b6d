import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { AppError } from '../errors.ts'
import type { CallCredentials, CallCredentialsSource, TlsSettings } from '../ports/credentials.ts'
import type { Clock } from '../ports/runtime.ts'

/** How to reach an API server, and with which credentials. */
export interface Credentials extends CallCredentialsSource {
  readonly server: string
  /** The namespace of the context, or of the pod we run in. */
  readonly namespace: string | undefined
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/** How long a token read from a file is used before the file is read again; kubelet renews at 80 % of an hour or more. */
const tokenAge = 10_000

export interface CredentialsOptions {
  /** A kubeconfig file; undefined: KUBECONFIG, ~/.kube/config, or the service account of this pod. */
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
}

/**
 * A pod's own service account needs no library. A kubeconfig, with exec plugins, OIDC and certificates, is read by client-node.
 * Throws ERR_CLUSTER_CONFIG.
 */
export async function findCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { kubeconfig, env, clock } = options
  const inCluster = env['KUBERNETES_SERVICE_HOST'] && env['KUBERNETES_SERVICE_PORT']
  if (kubeconfig === undefined && !env['KUBECONFIG'] && inCluster) {
    return serviceAccountCredentials(serviceAccount, env, clock)
  }
  return kubeconfigCredentials(options)
}

/** The service account whose files are in `folder`, as in every pod. */
export async function serviceAccountCredentials(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock
): Promise<Credentials> {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`
  const token = tokenFile(`${folder}/token`, clock)
  const namespace = await readFile(`${folder}/namespace`, 'utf8').then(
    (text) => text.trim(),
    () => undefined
  )
  return {
    server,
    namespace,
    async next() {
      const [bearer, ca] = await Promise.all([token.read(), readText(`${folder}/ca.crt`)])
      return { headers: { authorization: `Bearer ${bearer}` }, tls: { ...anyTls, ca } }
    },
    renew: () => token.forget()
  }
}

const anyTls: TlsSettings = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  rejectUnauthorized: true,
  servername: undefined
}

/** A bearer token in a file that the kubelet renews. */
function tokenFile(path: string, clock: Clock): { read(): Promise<string>; forget(): void } {
  let held: { readonly text: string; readonly at: number } | undefined
  return {
    async read() {
      const now = clock.monotonic()
      if (held === undefined || now - held.at > tokenAge) held = { text: (await readText(path)).trim(), at: now }
      return held.text
    },
    forget() {
      held = undefined
    }
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError('ERR_CLUSTER_CONFIG', `${path}: cannot be read: ${(cause as Error).message}`, { cause })
  }
}

async function kubeconfigCredentials({ kubeconfig, context }: CredentialsOptions): Promise<Credentials> {
  // Not the package's index: that loads a class for each kind of Kubernetes, which makes the program 15 MB larger.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  const load = () => {
    const config = new KubeConfig()
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
    if (context !== undefined) config.setCurrentContext(context)
    return config
  }
  let config = explained(load, kubeconfig)
  const cluster = config.getCurrentCluster()
  if (cluster === null) {
    const wanted = config.getCurrentContext() ?? context ?? ''
    throw new AppError('ERR_CLUSTER_CONFIG', `kubeconfig: the context ${JSON.stringify(wanted)} leads to no cluster`)
  }
  // client-node's guess when it finds nothing at all.
  if (kubeconfig === undefined && cluster.server === 'http://localhost:8080') {
    throw new AppError('ERR_CLUSTER_CONFIG', 'no kubeconfig: KUBECONFIG is not set and there is no ~/.kube/config')
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? undefined,
    async next() {
      const options: RequestOptions = {}
      try {
        await config.applyToHTTPSOptions(options)
      } catch (cause) {
        throw new AppError('ERR_CLUSTER_CONFIG', `kubeconfig: ${(cause as Error).message}`, { cause })
      }
      return callCredentials(options, cluster.tlsServerName)
    },
    renew() {
      // The file may be half-written: keep the configuration that worked so far.
      try {
        config = load()
      } catch {}
    }
  }
}

function explained<T>(load: () => T, file: string | undefined): T {
  try {
    return load()
  } catch (cause) {
    throw new AppError('ERR_CLUSTER_CONFIG', `${file ?? 'kubeconfig'}: ${(cause as Error).message}`, { cause })
  }
}

function callCredentials(options: RequestOptions, servername: string | undefined): CallCredentials {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim()
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  return {
    headers,
    tls: {
      ca: pemOf(options.ca),
      cert: pemOf(options.cert),
      key: pemOf(options.key),
      rejectUnauthorized: options.rejectUnauthorized !== false,
      servername: options.servername ?? servername
    }
  }
}

/** client-node gives a text or a Buffer; it does not use the other forms of this option. */
function pemOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined
}
